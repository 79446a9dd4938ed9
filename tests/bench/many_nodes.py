"""A run of many nodes without containers, beside the same graph written by hand as plain Prefect tasks.

Both do nothing in a node but answer. Two things are measured. What scheduling, tasks and results cost: from the state
Running to the final one, by Prefect's own record (the call of a flow returns up to a second later, whoever's it is, for
Prefect's heartbeat sleeps for so long). And all that the process takes, from its start until the last event and report
is sent and it has ended. Each run has a process of its own and begins when the server has nothing left to do: it goes
on for half a minute with the events of 300 tasks, and longer on SQLite while it is asked for other things.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from prefect import State, flow, task
from prefect.client.orchestration import get_client
from prefect.task_runners import ThreadPoolTaskRunner

from agents.catalog import catalog
from agents.contract.schema import Result
from flows import run_workflow as module
from flows.runtime import Execution, Job, Runtime
from flows.settings import ROOT

NODES = 300
ANSWER: dict[str, Any] = {"channel": "console", "delivered": True, "text": "done"}


class Instant(Runtime):
    """A runtime whose agents answer at once."""

    name = "instant"
    image = "none"

    def stage(self, tar: Path) -> None:
        """The workspace is never looked at."""

    def run(self, job: Job) -> Execution:
        result = Result(agent=job.manifest.name, version=job.manifest.version, report=dict(ANSWER))
        return Execution(result, "", 0.0)

    def close(self) -> None:
        """Nothing was made."""


def before(number: int) -> list[int]:
    """What a node waits for: two of the ten before it, so that about eight can go at once."""
    return sorted({other for other in (number - 8, number - 10) if other >= 0})


def workflow(nodes: int) -> str:
    """The graph as a workflow: half of the edges are written, half come from a template."""
    made = []
    for number in range(nodes):
        last = before(number)[-1:]
        said = "".join(f"{{{{ n{other}.status }}}}" for other in last) or "first"
        made.append({"id": f"n{number}", "agent": "notifier", "inputs": {"channel": "console", "message": said}})
    edges = [
        {"from": f"n{other}", "to": f"n{number}"} for number in range(nodes) for other in before(number)[:-1]
    ]  # fmt: skip
    return json.dumps({"name": "bench-many", "nodes": made, "edges": edges})


def pair(repository: Path, nodes: int = NODES) -> tuple[Callable[[], State[Any]], Callable[[], State[Any]]]:
    """Ours and the bare one, as functions that give the run's final state."""
    text = workflow(nodes)

    def ours() -> State[Any]:
        with patch.object(module, "runtime_for", lambda *_, **__: Instant()):
            return module.run_workflow(str(repository), workflow=text, return_state=True)

    @task
    def answer(message: str) -> dict[str, Any]:
        return dict(ANSWER)

    @flow(name="bench-by-hand", task_runner=ThreadPoolTaskRunner(max_workers=module.MAX_PARALLEL_NODES))  # type: ignore[arg-type]
    def by_hand() -> None:
        futures: list[Any] = []
        for number in range(nodes):
            named = answer.with_options(name=f"n{number}", task_run_name=f"n{number}")
            futures.append(named.submit("completed", wait_for=[futures[other] for other in before(number)]))
        for future in futures:
            future.result()

    return ours, lambda: by_hand(return_state=True)


class Cost(NamedTuple):
    """Seconds from Running to the final state, and from the process's start to its end."""

    run: float
    process: float


def sides(tree: Path, idle: Callable[[], None]) -> tuple[Callable[[], Cost], Callable[[], Cost]]:
    """Ours and the bare one as functions that give their cost; `idle` returns when the server has nothing to do."""

    def side(name: str) -> Cost:
        idle()
        command = [sys.executable, "-m", "tests.bench.many_nodes", name, str(tree)]
        with tempfile.TemporaryFile("w+") as answer:
            environment = os.environ | {"PREFECT_LOGGING_LEVEL": "ERROR"}
            start = time.perf_counter()
            subprocess.run(command, cwd=ROOT, env=environment, stdout=answer, check=True)
            whole = time.perf_counter() - start
            answer.seek(0)
            return Cost(float(answer.readline()), whole)

    return lambda: side("ours"), lambda: side("bare")


def _main(name: str, tree: str) -> None:
    catalog()  # as in the worker, which has the agents' schemas before a run begins
    ours, bare = pair(Path(tree))
    state = {"ours": ours, "bare": bare}[name]()
    if not state.is_completed() or state.state_details.flow_run_id is None:
        raise SystemExit(f"the benchmark's run ended: {state}")
    with get_client(sync_client=True) as client:
        print(client.read_flow_run(state.state_details.flow_run_id).total_run_time.total_seconds())


if __name__ == "__main__":
    _main(*sys.argv[1:])
