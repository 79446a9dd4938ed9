"""The flow on a real Prefect server, with a runtime that answers in this process: what tasks, reports and states say."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from pydantic import JsonValue

from agents.contract.schema import Failure, Finding, Result, Severity
from flows import run_workflow as module
from flows.errors import NodeTimedOutError
from flows.reports import archive, sarif
from flows.reports.schema import RunReport
from flows.runtime import Execution, Job, Runtime
from flows.settings import local_person, settings
from tests.rendered import findings_of, rendering

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import TaskRun

pytestmark = pytest.mark.prefect

FINDING = Finding(rule="x/y", severity=Severity.ERROR, message="m").model_dump(mode="json")


class Telling(Runtime):
    """Answers for the notifier by what its message says: `fail`, `slow N`, `flaky N`, or anything to be repeated."""

    name = "telling"
    image = "telling"

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def stage(self, tar: Path) -> None:
        assert tar.stat().st_size > 0

    def close(self) -> None:
        """Nothing was made."""

    def run(self, job: Job) -> Execution:
        with self._lock:
            self.jobs.append(job)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return self._run(job)
        finally:
            with self._lock:
                self.at_once -= 1

    def _run(self, job: Job) -> Execution:
        word, _, rest = str(job.params["message"]).partition(" ")
        failure = None
        if word == "slow":
            time.sleep(min(float(rest), job.timeout))
            if job.timeout < float(rest):
                raise NodeTimedOutError(f"not done within {job.timeout:.0f} s")
        earlier = sum(other.run.node == job.run.node for other in self.jobs) - 1
        if word == "fail" or (word == "flaky" and earlier < int(rest)):
            failure = Failure(code="told", message="told to fail")
        report: dict[str, JsonValue] = {"channel": "console", "delivered": True, "text": str(job.params["message"])}
        report |= {"requests": earlier, "findings": [FINDING] if word == "find" else []}
        result = Result(agent="notifier", version="1", report=None if failure else report, failure=failure)
        return Execution(result, "", 0.1)

    def ran(self) -> list[str]:
        """Names of the steps in the order of their attempts."""
        return [job.run.node for job in self.jobs]


@dataclass
class Ran:
    """A run that ended."""

    id: UUID
    state: Any
    runtime: Telling
    tasks: dict[str, TaskRun]
    report: RunReport | None = None
    seconds: float = 0.0
    lines: dict[str, str] = field(default_factory=dict)


Go = Callable[..., Ran]


def say(node_id: str, message: str = "hello", **more: Any) -> dict[str, Any]:
    """A node that says something."""
    return {"id": node_id, "agent": "notifier", "inputs": {"message": message}, **more}


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """The folder of workflows by name."""
    (tmp_path / "workflows").mkdir()
    return tmp_path / "workflows"


@pytest.fixture
def go(tmp_path: Path, library: Path, prefect_client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[Go]:
    """Runs a workflow over a small folder in this process."""
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "app.py").write_text("x = 1\n", encoding="utf-8")
    monkeypatch.setenv("DOCKYARD_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKYARD_WORKFLOWS_DIR", str(library))
    settings.cache_clear()

    def run(*nodes: dict[str, Any], name: str = "sample", params: dict[str, Any] | None = None, **more: Any) -> Ran:
        runtime = Telling()
        monkeypatch.setattr(module, "runtime_for", lambda *_, **__: runtime)
        text = json.dumps({"name": name, "nodes": list(nodes), **more}) if nodes else name
        begin = time.monotonic()
        state = module.run_workflow(str(folder), workflow=text, params=params, return_state=True)
        seconds = time.monotonic() - begin
        run_id = state.state_details.flow_run_id
        assert run_id is not None
        only = FlowRunFilter(id=FlowRunFilterId(any_=[run_id]))
        tasks: dict[str, TaskRun] = {}
        for _ in range(100):  # task runs come to the server as events, a little later
            tasks = {each.name: each for each in prefect_client.read_task_runs(flow_run_filter=only)}
            if len(tasks) >= len(set(runtime.ran())) and all(
                each.state and each.state.is_final() for each in tasks.values()
            ):
                break
            time.sleep(0.2)
        done = Ran(run_id, state, runtime, tasks, seconds=seconds)
        if runtime.jobs:
            done.report = archive.load(run_id)
            done.lines = {line.node: line.status.value for line in done.report.nodes}
        return done

    yield run
    settings.cache_clear()


def text_of(ran: Ran, node: str) -> str:
    """What a node of the report said."""
    assert ran.report is not None
    (line,) = [line for line in ran.report.nodes if line.node == node]
    return str((line.report or {})["text"])


def test_every_kind_of_node_is_a_task_named_after_it(go: Go, library: Path) -> None:
    inner = {
        "name": "inner",
        "params": {"word": {"type": "string"}},
        "nodes": [say("one", "{{ params.word }}"), say("two", "find {{ one.output.text }}")],
    }
    (library / "inner.yaml").write_text(json.dumps(inner), encoding="utf-8")
    ran = go(
        say("list", for_each={"items": ["a", "find b"], "concurrency": 1}) | {"inputs": {"message": "{{ item }}"}},
        say("poll", repeat={"until": "{{ poll.output.text == 'hello' and run.id != '' }}", "max": 2}),
        {"id": "sub", "workflow": "inner", "inputs": {"word": "{{ list.output[0].text }}"}},
        say("told", "{{ sub.output.summary.total }} and {{ list.output | length }}"),
        say("never", when="{{ sub.output.summary.critical > 0 }}"),
        **{"finally": [say("tidy", "{{ told.status }}")]},
    )
    assert ran.state.is_completed(), ran.state.message
    assert set(ran.tasks) == {"list[0]", "list[1]", "poll", "sub.one", "sub.two", "told", "tidy"}
    assert list(ran.lines) == ["list", "list[0]", "list[1]", "poll", "sub", "sub.one", "sub.two", "told", "never", "tidy"]
    assert ran.lines["never"] == "skipped"
    assert text_of(ran, "told") == "1 and 2"
    assert text_of(ran, "tidy") == "completed"
    assert ran.report is not None
    assert [node for node, _ in findings_of(ran.report)] == ["list[1]", "sub.two"]
    assert len(json.loads(rendering(sarif.render, ran.report))["runs"]) == 7
    upstream = {str(each.id) for name, each in ran.tasks.items() if name in ("sub.two", "list[0]", "list[1]")}
    drawn = {str(known.id) for group in ran.tasks["told"].task_inputs.values() for known in group}
    assert drawn == upstream


def test_a_fan_out_wider_than_the_pool_of_threads_comes_to_its_end(go: Go) -> None:
    node = say("each", "slow 0.2", for_each={"items": list(range(40)), "concurrency": 30})
    ran = go(node, say("both", for_each=[1, 2, 3], retries={"max": 1, "delay": "100ms"}))
    assert ran.state.is_completed()
    assert len(ran.tasks) == 43
    assert 1 < ran.runtime.most_at_once <= module.MAX_PARALLEL_NODES


def test_retries_are_prefects_and_their_waits_the_workflows(go: Go) -> None:
    retries = {"max": 3, "delay": "200ms", "backoff": "linear", "jitter": 0}
    ran = go(
        say("a", "flaky 2", retries=retries), say("b", "flaky 9", retries={"max": 1, "delay": "100ms"}, on_error="continue")
    )
    assert ran.state.is_completed(), ran.state.message
    assert (ran.tasks["a"].run_count, ran.tasks["b"].run_count) == (3, 2)
    assert ran.seconds > 0.6
    assert (ran.lines["a"], ran.lines["b"]) == ("completed", "failed")


def test_a_handler_saves_the_run_and_reads_the_reason(go: Go) -> None:
    ran = go(say("a", "fail", on_error="mend"), say("mend", "{{ a.status }}: {{ a.error }}"))
    assert ran.state.is_completed(), ran.state.message
    assert text_of(ran, "mend") == "failed: notifier: told to fail (told)"
    assert ran.report is not None
    assert ran.report.status.value == "completed"


def test_a_run_that_fails_names_what_failed_it_and_not_what_was_continued(go: Go) -> None:
    ran = go(say("a", "fail", on_error="continue"), say("b", "fail"), say("c", "{{ b.output.text }}"))
    assert ran.state.is_failed()
    assert ran.state.message.startswith("b: notifier: told to fail (told) (0 findings")
    assert ran.lines == {"a": "failed", "b": "failed", "c": "skipped"}


def test_when_the_runs_time_is_over_attempts_end_retries_are_not_begun_and_finally_runs(go: Go) -> None:
    retries = {"max": 5, "delay": "20s"}
    ran = go(
        say("slow", "slow 30", retries=retries),
        say("waits", "fail", retries=retries),
        say("after", "{{ slow.output.text }}"),
        say("poll", repeat={"until": "{{ poll.output.text == '' }}", "max": 9, "delay": "1h"}),
        timeout="3s",
        **{"finally": [say("tidy")]},
    )
    assert ran.state.is_failed()
    assert ran.seconds < 15
    assert ran.lines == {
        "slow": "timed-out", "waits": "failed", "after": "timed-out", "poll": "timed-out", "tidy": "completed"
    }  # fmt: skip
    assert "slow: not done within 3 s: the run's time of 3s was over" in ran.state.message
    assert "poll: the run's time of 3s was over" in ran.state.message
    assert [job.timeout for job in ran.runtime.jobs if job.run.node == "tidy"] == [120.0]


def test_a_rest_between_turns_holds_no_thread(go: Go) -> None:
    polls = [
        say(f"p{n}", repeat={"until": f"{{{{ p{n}.output.requests >= 0 and run.name == '' }}}}", "max": 2, "delay": "2s"})
        for n in range(10)
    ]
    ran = go(*polls, say("quick"))
    assert ran.state.is_failed()
    assert ran.runtime.ran()[:11].count("quick") == 1
    assert ran.seconds < 10
    assert "p0: `until` was still false after 2 turns" in ran.state.message


def test_a_node_has_the_limits_that_it_asks_for(go: Go) -> None:
    ran = go(say("a", limits={"memory": "64MiB", "cpus": 0.5}, timeout="7s"))
    (job,) = ran.runtime.jobs
    known = job.manifest.limits
    assert (known.memory_mb, known.cpus, job.timeout) == (64, 0.5, 7.0)
    assert known.pids == ran.runtime.jobs[0].manifest.limits.pids


def test_a_run_without_a_deployment_waits_at_a_gate_in_its_process(go: Go, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKYARD_APPROVAL_GRACE", "0")
    settings.cache_clear()
    ran = go(say("a"), say("b", approval={"approvers": [f"user:{local_person()}"], "expires": "2s"}))
    assert ran.state.name == "Expired"
    assert "b: expired at" in ran.state.message
    assert ran.runtime.ran() == ["a"]
