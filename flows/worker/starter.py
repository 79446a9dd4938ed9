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

    def __init__(self, surroundings: Surroundings, *, grace_seconds: float, control_channel: ControlChannel) -> None:
        self.process: ForkedProcess | None = None
        """The child, once there is one."""
        self._surroundings = surroundings
        self._grace_seconds = grace_seconds
        self._control_channel = control_channel

    async def fork(self, flow_run: FlowRun) -> None:
        """Fork the child; it begins at once. Raises UnavailableError.

        Apart from `start`, because what that raises reaches people as "unhandled errors in a TaskGroup".
        """
        errand = Errand(run_flow, (str(flow_run.id),))
        self.process = await fork(self._with_control_channel(flow_run), errand, grace_seconds=self._grace_seconds)

    async def start(
        self,
        flow_run: FlowRun,  # noqa: ARG002 - Prefect's interface
        task_status: anyio.abc.TaskStatus[ProcessHandle] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        """Hand over the forked child's handle and return when the child is gone."""
        if self.process is None:
            raise RuntimeError("start comes after fork")
        # Prefect asks of the handle no more than a pid and a return code.
        handle = ProcessHandle(cast("SpawnProcess", self.process), termination_scope=self.process)
        task_status.started(handle)
        await self.process.watch()

    async def stop(self) -> int:
        """Stop the child if it still runs, for the worker goes; returns its return code, 0 without one."""
        if self.process is None:
            return 0
        async with anyio.create_task_group() as group:
            group.start_soon(self.process.watch)
            await self.process.stop()
        return self.process.returncode or 0

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
