"""Prefect's seam for starting a run's process, filled with a fork."""

from __future__ import annotations

from multiprocessing.context import SpawnProcess
from typing import cast

import anyio
import anyio.abc
from prefect.client.schemas.objects import FlowRun
from prefect.runner._control_channel import ControlChannel
from prefect.runner._process_manager import ProcessHandle

from flows.worker.child import Errand, Surroundings, run_flow
from flows.worker.process import ForkedProcess, fork


class ForkStarter:
    """Starts one run in a forked child and waits for its end (Prefect's `ProcessStarter`)."""

    def __init__(
        self, surroundings: Surroundings, *, grace_seconds: float, control_channel: ControlChannel
    ) -> None:
        self.process: ForkedProcess | None = None
        """The child, once there is one."""
        self._surroundings = surroundings
        self._grace_seconds = grace_seconds
        self._control_channel = control_channel

    async def start(
        self,
        flow_run: FlowRun,
        task_status: anyio.abc.TaskStatus[ProcessHandle] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        """Fork, hand over the handle, and return when the child is gone.

        When cancelled (the worker stops) the child is stopped first.
        """
        surroundings = self._with_control_channel(flow_run)
        errand = Errand(run_flow, (str(flow_run.id),))
        try:
            process = await fork(surroundings, errand, grace_seconds=self._grace_seconds)
        except BaseException:
            self._control_channel.unregister(flow_run.id)
            raise
        self.process = process
        try:
            # Prefect asks of the handle no more than a pid and a return code.
            task_status.started(ProcessHandle(cast("SpawnProcess", process), termination_scope=process))
            await process.watch()
        except BaseException:
            with anyio.CancelScope(shield=True):
                async with anyio.create_task_group() as group:
                    group.start_soon(process.watch)
                    await process.stop()
            raise

    def _with_control_channel(self, flow_run: FlowRun) -> Surroundings:
        """Add the address at which the engine reports its outcome and hears of a cancel."""
        try:
            port, token = self._control_channel.register(flow_run.id)
        except RuntimeError:
            # No loopback to listen on: Prefect then goes by exit codes and signals alone.
            return self._surroundings
        return Surroundings(
            environment={
                **self._surroundings.environment,
                "PREFECT__CONTROL_PORT": str(port),
                "PREFECT__CONTROL_TOKEN": token,
            },
            working_dir=self._surroundings.working_dir,
            stream_output=self._surroundings.stream_output,
        )
