"""The worker type `dockyard`."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import anyio.abc
import anyio.to_thread
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.runner._flow_run_executor import FlowRunExecutionResult, FlowRunExecutorContext
from prefect.runner._process_manager import ProcessHandle
from prefect.runner._starter_engine import EngineCommandStarter
from prefect.workers.base import BaseWorker

from flows.errors import UnavailableError
from flows.worker.child import Surroundings
from flows.worker.configuration import DockyardJobConfiguration, DockyardVariables, DockyardWorkerResult
from flows.worker.hooks import ForkedHooks
from flows.worker.process import start_forkserver
from flows.worker.reconciling import Look, Reconciling, Tell
from flows.worker.starter import ForkStarter


class DockyardWorker(BaseWorker[DockyardJobConfiguration, DockyardVariables, DockyardWorkerResult]):
    """Runs each flow run in a process forked from one that has Prefect and the flow imported.

    All else is Prefect's: the base worker polls, limits and reports; the executor that the process worker
    uses, too, supervises the process, cancels it and tells a crash.
    """

    type = "dockyard"
    job_configuration = DockyardJobConfiguration
    job_configuration_variables = DockyardVariables

    _beside: tuple[Reconciling, ...] = ()
    _told: set[UUID]
    _display_name = "Dockyard"
    _description = (
        "Execute flow runs in processes forked from a preloaded one: the start of a run costs"
        " a fraction of a second instead of the import of everything."
    )

    async def setup(self) -> None:
        """Start preloading, set up as every worker, then look after the runs that wait for people, and tell these."""
        await anyio.to_thread.run_sync(start_forkserver)
        await super().setup()
        self._told = set()
        self._beside = (
            Reconciling(Look(), self._logger),
            Reconciling(Tell(self._logger), self._logger, name="dockyard-notifier", undone="People are not told of gates"),
        )
        for each in self._beside:
            each.start()

    async def teardown(self, *exc_info: Any) -> None:
        """Stop as every worker."""
        for each in self._beside:
            each.stop()
        await super().teardown(*exc_info)

    async def run(
        self,
        flow_run: FlowRun,
        configuration: DockyardJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> DockyardWorkerResult:
        """Run one flow run to its end.

        Raises UnavailableError when its process could not be started; Prefect then reports a crash.
        """
        status = task_status or anyio.TASK_STATUS_IGNORED
        problem: UnavailableError | None = None
        execution: FlowRunExecutionResult | None = None
        with _working_dir(configuration) as directory:
            surroundings = Surroundings(
                environment={name: value for name, value in configuration.env.items() if value is not None},
                working_dir=directory,
                stream_output=configuration.stream_output,
            )
            async with FlowRunExecutorContext() as context:
                starter = _starter(configuration, surroundings, context)
                forked = starter if isinstance(starter, ForkStarter) else None
                hooks = ForkedHooks(surroundings, grace_seconds=configuration.grace_seconds, starter=forked)
                executor = context.create_executor(
                    flow_run,
                    starter,
                    propose_submitting=False,  # the base worker has
                    hook_runner=hooks,
                )
                try:
                    if forked is not None:
                        await forked.fork(flow_run)
                    execution = await executor.submit(task_status=_ReportPid(status))
                except UnavailableError as error:
                    problem = error  # leaving the context with it would bury it in an exception group
                except anyio.get_cancelled_exc_class():
                    if forked is not None:
                        await self._stop(forked, flow_run)
                    raise
        if problem is not None:
            raise problem
        if execution is None or execution.status_code is None:
            raise UnavailableError("the flow run's process could not be started")
        if execution.status_code != 0:
            self._told.add(flow_run.id)
        return DockyardWorkerResult(status_code=execution.status_code, identifier=str(execution.handle.pid))

    async def _propose_crashed_state(self, flow_run: FlowRun, message: str, client: PrefectClient | None = None) -> None:
        """Tell a crash, unless the executor has: the run may have been started again since, and would be hit by it."""
        if flow_run.id in self._told:
            self._told.remove(flow_run.id)
        else:
            await super()._propose_crashed_state(flow_run, message, client)

    async def _stop(self, starter: ForkStarter, flow_run: FlowRun) -> None:
        """The worker is being stopped: stop the run, and say so if it had no time to do that itself."""
        with anyio.CancelScope(shield=True):
            code = await starter.stop()
            if code != 0:
                await self._propose_crashed_state(
                    flow_run, f"The worker was stopped, and with it the run's process (status {code})."
                )


class _ReportPid(anyio.abc.TaskStatus[ProcessHandle]):
    """Passes on the pid of the handle that the executor reports."""

    def __init__(self, outer: anyio.abc.TaskStatus[int]) -> None:
        self._outer = outer

    def started(self, value: Any = None) -> None:
        self._outer.started(value.pid)


def _starter(
    configuration: DockyardJobConfiguration, surroundings: Surroundings, context: FlowRunExecutorContext
) -> ForkStarter | EngineCommandStarter:
    if not configuration.has_own_command:
        return ForkStarter(
            surroundings,
            grace_seconds=configuration.grace_seconds,
            control_channel=context.control_channel,
        )
    return EngineCommandStarter(
        command=configuration.command,
        cwd=surroundings.working_dir,
        env={**surroundings.environment},
        stream_output=surroundings.stream_output,
        control_channel=context.control_channel,
        isolate_process_group=True,
        env_overrides_settings=True,
    )


@contextlib.contextmanager
def _working_dir(configuration: DockyardJobConfiguration) -> Iterator[Path]:
    if configuration.working_dir is not None:
        yield configuration.working_dir.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="dockyard-run-", ignore_cleanup_errors=True) as directory:
        yield Path(directory).resolve()
