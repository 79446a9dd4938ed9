"""A run whose process is killed and that is run again from Prefect takes what had finished from its results."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, LogFilter, LogFilterFlowRunId
from prefect.states import AwaitingRetry

from flows.reports import archive
from flows.service import Runs, StartRequest
from flows.settings import Settings
from tests.integration.conftest import Workers, until

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

pytestmark = pytest.mark.prefect

SOON = 120.0
REST = 20


def say(node_id: str, message: str, **more: Any) -> dict[str, Any]:
    """A node whose agent logs its message each time it is really run."""
    return {"id": node_id, "agent": "notifier", "inputs": {"message": f"said {message}"}, **more}


OUTER = {
    "name": "outer",
    "nodes": [
        say("first", "first"),
        say("each", "item {{ item }} after {{ first.status }}", for_each=[1, 2, 3]),
        {"id": "sub", "workflow": "inner"},
        say(
            "poll",
            "poll {{ sub.output.nodes.one.text }}",
            repeat={"until": "{{ poll.output.requests > 0 }}", "max": 2, "delay": REST},
            on_error="continue",
        ),
        say("last", "last {{ each.output | length }}"),
    ],
    "edges": [{"from": "poll", "to": "last"}],
}
INNER = {"name": "inner", "nodes": [say("one", "inner")]}
EXECUTED = {"said first": 1, "said item 1 after completed": 1, "said item 2 after completed": 1,
            "said item 3 after completed": 1, "said inner": 1, "said poll said inner": 1}  # fmt: skip


def test_a_killed_run_takes_finished_nodes_items_and_turns_from_its_results(
    workers: Workers, prefect_client: SyncPrefectClient, tmp_path: Path
) -> None:
    library, repository = tmp_path / "workflows", tmp_path / "repository"
    for folder in (library, repository):
        folder.mkdir()
    (repository / "app.py").write_text("x = 1\n", encoding="utf-8")
    (library / "inner.yaml").write_text(json.dumps(INNER), encoding="utf-8")
    (library / "outer.yaml").write_text(json.dumps(OUTER), encoding="utf-8")
    pool = f"reentry-{uuid4().hex[:8]}"
    config = Settings(state_dir=tmp_path / "state", workflows_dir=library, work_pool=pool)
    environment = {"DOCKYARD_STATE_DIR": str(config.state_dir), "DOCKYARD_WORKFLOWS_DIR": str(library)}

    def flow_run() -> FlowRun:
        return prefect_client.read_flow_run(run.id)

    def said() -> Counter[str]:
        found: Counter[str] = Counter()
        for offset in count(0, 200):
            logs = prefect_client.read_logs(
                LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id])), offset=offset, limit=200
            )
            found.update(log.message for log in logs if log.message.startswith("said "))
            if len(logs) < 200:
                break
        return found

    request = StartRequest(workflow="outer", repository=str(repository), runtime="local")
    run = Runs(config).start(request)
    with workers.start(pool, "reentry", "--type", "dockyard", **environment):
        until(lambda: said() == EXECUTED, "all has run but for the second turn", seconds=SOON)
        pid = int(str(flow_run().infrastructure_pid).rpartition(":")[2])
        os.kill(pid, signal.SIGKILL)
        until(lambda: flow_run().state_name == "Crashed", "the killed run is Crashed", seconds=SOON)
        # What it began with is what it goes on with, whatever has become of the files.
        (library / "inner.yaml").write_text(json.dumps({**INNER, "nodes": [say("other", "other")]}), encoding="utf-8")
        (library / "outer.yaml").unlink()

        answer = prefect_client.set_flow_run_state(run.id, AwaitingRetry())
        assert answer.status.value == "ACCEPT", answer
        until(lambda: flow_run().run_count == 2, "the run is entered again", seconds=SOON)
        until(lambda: (state := flow_run().state) and state.is_final(), "the run has ended", seconds=SOON)
        until(
            lambda: said()["said last 3"] or flow_run().state_name != "Completed",
            "the last node's log is there",
            seconds=SOON,
        )
    ended = flow_run()
    states = [state.name for state in prefect_client.read_flow_run_states(run.id)]
    assert ended.state_name == "Completed", states
    assert states.count("Crashed") == 1  # told once: a second time would hit the run that goes on
    assert ended.run_count == 2
    report = archive.load(run.id)
    lines = {line.node: line.status.value for line in report.nodes}
    assert list(lines) == ["first", "each", "each[0]", "each[1]", "each[2]", "sub", "sub.one", "poll", "last"]
    assert (lines["poll"], lines["last"]) == ("failed", "completed"), report.nodes
    assert said() == {**EXECUTED, "said poll said inner": 2, "said last 3": 1}
    tasks = prefect_client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))
    cached = Counter(task.name for task in tasks if task.state_name == "Cached")
    assert cached == Counter(["first", "each[0]", "each[1]", "each[2]", "sub.one", "poll"])
