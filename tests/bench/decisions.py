"""From a person's yes to the start of what waited for it, on the local server and worker.

One run with a gate before each of its nodes: each is decided once the run is Paused with its process, or Suspended
without one, and the node's task says when it began.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateName,
)

from flows.approvals import Choice, Door, Gate
from flows.execution.origin import DOOR, REQUESTER
from flows.people import Via
from flows.service.approvals import Approvals
from flows.service.deployments import deploy_from_file, ensure_pool
from flows.settings import local_person, settings

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

PATIENCE = 120.0
PAUSED, SUSPENDED = "Paused", "Suspended"
_GRACE = {PAUSED: "3600", SUSPENDED: "0"}

T = TypeVar("T")


def latencies(tree: Path, state: str, count: int) -> list[float]:
    """Seconds from decision to start for so many gates, each decided while the run is in that state; sorted."""
    approvals = Approvals(settings())
    with get_client(sync_client=True) as client:
        run = _start(client, tree, state, count)
        decided = {}
        for index in range(count):
            gate = _until(lambda: _open(approvals, run), "a gate is open")
            _until(lambda: client.read_flow_run(run).state_name == state or None, f"the run is {state}")
            decided[f"n{index}"] = datetime.now(UTC)
            approvals.decide(gate.id, Choice.APPROVE, note="", digest=gate.digest, door=Door.CLI)
        _until(lambda: client.read_flow_run(run).state_name == "Completed" or None, "the run is over")
        started = _until(lambda: _started(client, run, count), "all tasks are told")
    return sorted((started[name] - moment).total_seconds() for name, moment in decided.items())


def _start(client: SyncPrefectClient, tree: Path, state: str, count: int) -> UUID:
    me = local_person()
    nodes = [
        {
            "id": f"n{index}",
            "agent": "notifier",
            "inputs": {"message": "hello"},
            "approval": {"approvers": [f"user:{me}"]},
        }
        for index in range(count)
    ]
    edges = [{"from": f"n{index - 1}", "to": f"n{index}"} for index in range(1, count)]
    ensure_pool(client, settings())
    return client.create_flow_run_from_deployment(
        deploy_from_file(client, settings()),
        parameters={
            "workflow": json.dumps({"name": "bench-decisions", "nodes": nodes, "edges": edges}),
            "repository": str(tree),
            "runtime": "local",
        },
        job_variables={"env": {"DOCKYARD_APPROVAL_GRACE": _GRACE[state]}},
        labels={REQUESTER: me, DOOR: Via.CLI.value},
    ).id


def _open(approvals: Approvals, run: UUID) -> Gate | None:
    return next(iter(approvals.list(run=str(run))), None)


def _started(client: SyncPrefectClient, run: UUID, count: int) -> dict[str, datetime] | None:
    only = FlowRunFilter(id=FlowRunFilterId(any_=[run]))
    # Each entry has a task more for every node that is taken from its results: those are Cached.
    ran = TaskRunFilter(state=TaskRunFilterState(name=TaskRunFilterStateName(any_=["Completed"])))
    tasks = client.read_task_runs(flow_run_filter=only, task_run_filter=ran)
    first = {task.name: task.start_time for task in tasks if task.start_time is not None}
    return first if len(first) == count else None


def _until(probe: Callable[[], T | None], what: str) -> T:
    deadline = time.monotonic() + PATIENCE
    while (found := probe()) is None:
        if time.monotonic() > deadline:
            raise SystemExit(f"the benchmark waited in vain: {what}")
        time.sleep(0.05)
    return found
