"""One node on a runtime: the report is checked, the reason of a failure is readable."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pydantic import JsonValue

from agents.contract.manifest import Limits, Manifest
from agents.contract.schema import Failure, Params, Report, Result, RunInfo
from flows.definition.schema import Node
from flows.definition.status import NodeStatus
from flows.errors import NodeFailedError, NodeTimedOutError, UnavailableError
from flows.execution.step import run_step
from flows.reports.schema import NodeReport
from flows.runtime import Execution, Job, Runtime


class CountReport(Report):
    """A report with one field of its own."""

    count: int


MANIFEST = Manifest(
    name="counter", version="2", description="Counts.", params=Params, report=CountReport, limits=Limits(timeout_seconds=77)
)


class Answering(Runtime):
    """A runtime that gives one answer and remembers what it was asked."""

    name = "answering"
    image = "answering"

    def __init__(self, answer: Result | Exception) -> None:
        self.answer = answer
        self.jobs: list[Job] = []

    def stage(self, tar: Path) -> None:  # noqa: ARG002 — the interface's signature
        raise AssertionError("a step stages nothing")

    def run(self, job: Job) -> Execution:
        self.jobs.append(job)
        job.log(logging.INFO, "working")
        if isinstance(self.answer, Exception):
            raise self.answer
        return Execution(self.answer, "sha256:abc", 1.23456)

    def close(self) -> None:
        raise AssertionError("a step closes nothing")


def result(report: dict[str, JsonValue] | None = None, failure: Failure | None = None) -> Result:
    return Result(agent="counter", version="2", report=report, failure=failure)


def step(
    answer: Result | Exception, node: Node | None = None, manifest: Manifest = MANIFEST
) -> tuple[NodeReport, Job, list[str]]:
    """The report of one step, the job it was, and what was logged."""
    runtime, heard = Answering(answer), list[str]()
    info = RunInfo(run="r", node="count")
    report = run_step(
        node or Node(id="count", agent="counter"),
        manifest,
        {"a": 1},
        info,
        runtime,
        history=lambda: {"a.py": 3},
        log=lambda _level, line: heard.append(line),
    )
    return report, runtime.jobs[0], heard


def test_a_report_that_fits_becomes_the_nodes() -> None:
    report, job, heard = step(result({"count": 3, "summary": {"total": 1}}))
    assert (report.node, report.agent, report.version, report.status) == ("count", "counter", "2", NodeStatus.COMPLETED)
    assert (report.runtime, report.image, report.seconds) == ("answering", "sha256:abc", 1.235)
    assert report.report is not None
    assert report.report["count"] == 3
    assert report.report["findings"] == []
    assert (job.params, job.run.node, heard) == ({"a": 1}, "count", ["working"])


@pytest.mark.parametrize(("timeout", "chosen"), [(None, 77.0), ("2m", 120.0), (5, 5.0)])
def test_the_nodes_own_timeout_comes_before_the_agents(timeout: str | int | None, chosen: float) -> None:
    node = Node.model_validate({"id": "count", "agent": "counter", "timeout": timeout})
    assert step(result({"count": 3}), node)[1].timeout == chosen


def test_the_history_goes_to_an_agent_that_wants_it() -> None:
    assert step(result({"count": 3}))[1].changes == {}
    wants = MANIFEST.model_copy(update={"history": True})
    assert step(result({"count": 3}), manifest=wants)[1].changes == {"a.py": 3}


def test_an_agents_own_failure_is_the_nodes_reason() -> None:
    with pytest.raises(NodeFailedError) as caught:
        step(result(failure=Failure(code="workspace", message="no folder")))
    assert str(caught.value) == "counter: no folder (workspace)"


def test_a_failure_wins_over_a_report() -> None:
    with pytest.raises(NodeFailedError, match="half done"):
        step(result({"count": 3}, Failure(code="x", message="half done")))


@pytest.mark.parametrize(
    ("report", "detail"),
    [
        (None, "valid dictionary"),
        ({}, "count: Field required"),
        ({"count": "many"}, "count: Input should be a valid integer"),
        ({"count": 3, "surprise": 1}, "surprise: Extra inputs are not permitted"),
        ({"count": 3, "findings": [{"rule": "no category"}]}, r"findings\.0\.rule"),
        ({"count": 3, "summary": {"total": "all"}}, r"summary\.total"),
    ],
)
def test_a_report_that_does_not_fit_fails_the_node(report: dict[str, JsonValue] | None, detail: str) -> None:
    with pytest.raises(NodeFailedError, match=f"counter gave a report that does not fit its schema: .*{detail}"):
        step(result(report))


def test_a_very_wrong_report_has_a_short_reason() -> None:
    with pytest.raises(NodeFailedError) as caught:
        step(result({"count": 3, "findings": [{"rule": "x"}] * 1000}))
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("error", [NodeTimedOutError("late"), NodeFailedError("broken"), UnavailableError("no engine")])
def test_the_runtimes_own_errors_pass(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        step(error)
    assert caught.value is error
