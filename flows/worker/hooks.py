"""A run's cancellation and crash hooks, run in a child of their own when the run's process is gone."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import anyio.to_thread
from prefect.client.schemas.objects import FlowRun, State
from prefect.flow_engine import load_flow
from prefect.flows import Flow
from prefect.logging.loggers import flow_run_logger
from prefect.runner._hook_runner import HookRunner

from flows.worker.child import Errand, Surroundings
from flows.worker.process import fork
from flows.worker.starter import ForkStarter


class ForkedHooks:
    """Prefect's `FlowRunHookRunner`: flow code is never imported into the worker itself."""

    def __init__(self, surroundings: Surroundings, *, grace_seconds: float, starter: ForkStarter | None) -> None:
        self._surroundings = surroundings
        self._grace_seconds = grace_seconds
        self._starter = starter

    async def run_cancellation_hooks(self, flow_run: FlowRun, state: State[Any]) -> None:
        """Wait for the cancelled process to go, by force after the grace, then run `on_cancellation`."""
        if self._starter is not None and self._starter.process is not None:
            await self._starter.process.cancel()
        if state.is_cancelling():
            await self._run(run_cancellation_hooks, flow_run, state)

    async def run_crashed_hooks(self, flow_run: FlowRun, state: State[Any]) -> None:
        """Run `on_crashed`."""
        if state.is_crashed():
            await self._run(run_crashed_hooks, flow_run, state)

    async def _run(self, function: Any, flow_run: FlowRun, state: State[Any]) -> None:
        errand = Errand(function, (flow_run.model_dump_json(), state.model_dump_json()))
        process = await fork(self._surroundings, errand, grace_seconds=self._grace_seconds)
        code = await process.watch()
        if code != 0:
            flow_run_logger(flow_run).warning("The process that ran this run's hooks ended with status %s.", code)


def run_cancellation_hooks(flow_run: str, state: str) -> None:
    """In the child: run the hooks for a cancelled run; both arguments are JSON."""
    asyncio.run(
        HookRunner(resolve_flow=_resolve).run_cancellation_hooks(
            FlowRun.model_validate_json(flow_run), State[Any].model_validate_json(state)
        )
    )


def run_crashed_hooks(flow_run: str, state: str) -> None:
    """In the child: run the hooks for a crashed run; both arguments are JSON."""
    asyncio.run(
        HookRunner(resolve_flow=_resolve).run_crashed_hooks(
            FlowRun.model_validate_json(flow_run), State[Any].model_validate_json(state)
        )
    )


async def _resolve(flow_run: FlowRun) -> Flow[..., Any]:
    return await anyio.to_thread.run_sync(load_flow, flow_run)
