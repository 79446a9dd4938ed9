"""What the report tabs say and refuse, without a component."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from agents.code_reviewer.schema import CodeReview, ComplexityBin, ComplexityFigures
from agents.contract.schema import Finding, Severity, Summary, finish
from flows.definition.status import NodeStatus
from flows.errors import InvalidInputError, UnavailableError
from flows.reports.schema import NodeReport, RunReport
from flows.service.reports import Reports
from flows.service.runs import RunState
from flows.settings import Settings
from tests.flows.reports.conftest import run_of
from tests.known_runs import KnownRuns
from ui.page.findings import PAGE
from ui.page.reports import EXPORTS, Filters, ReportDesk, Subject
from ui.page.visitor import Visitor

RUN, EARLIER = UUID(int=8), UUID(int=7)
VERA = Visitor(name="vera")


def report(run: UUID, count: int = 120, **more: object) -> RunReport:
    """A scan with one critical finding among `count`, and a review with a histogram."""
    findings = [
        Finding(
            rule="secrets/aws-key" if number == 3 else "demo/rule",
            severity=Severity.CRITICAL if number == 3 else Severity.WARNING,
            message=f"Number {number:03d} <b>",
            file=f"src/{number:03d}.py",
            line=1,
        )
        for number in range(count)
    ]
    scanned = run_of(findings, run=str(run), name=f"run-{run.int}").nodes[0]
    odd = finish([Finding(rule="quality/complexity", severity=Severity.INFO, message="Long.", file="x.py", line=2)])
    figures = ComplexityFigures(functions=3, mean=2.5, max=9, histogram=(ComplexityBin(low=1, high=5, functions=3),))
    review = CodeReview(findings=odd, summary=Summary.of(odd), complexity=figures)
    reviewed = NodeReport(
        node="review", agent="code-reviewer", version="1", status=NodeStatus.COMPLETED, report=review.model_dump(mode="json")
    )
    return run_of(run=str(run), **{"name": f"run-{run.int}", "nodes": (scanned, reviewed), **more})


@pytest.fixture
def runs(settings: Settings, server_is_elsewhere: None) -> KnownRuns:
    return KnownRuns(settings)


def desk_of(settings: Settings, runs: KnownRuns, *, review: bool = False) -> ReportDesk:
    desk = ReportDesk(settings, VERA, Subject(review=review))
    desk.reports = Reports(settings, runs)  # what it would make of the Prefect server
    return desk


def test_without_a_server_it_says_what_starts_one(settings: Settings) -> None:
    with pytest.raises(UnavailableError, match="dockyard up"):
        ReportDesk(settings, VERA, Subject(review=False)).listing(None)


def test_before_any_run_has_ended_it_says_what_to_do(settings: Settings, runs: KnownRuns) -> None:
    runs.put(report(RUN), state=RunState.RUNNING)
    choices, chosen, said = desk_of(settings, runs).listing(None)
    assert (choices, chosen) == ([], None)
    assert "Start one on the Run tab" in said


def test_the_newest_run_is_opened_or_the_one_that_is_wanted(settings: Settings, runs: KnownRuns) -> None:
    runs.put(report(EARLIER))
    runs.put(report(RUN))
    desk = desk_of(settings, runs)
    choices, chosen, said = desk.listing(None)
    assert ([run for _, run in choices], chosen, said) == ([str(RUN), str(EARLIER)], str(RUN), "")
    assert desk.listing(str(EARLIER))[1] == str(EARLIER)
    _, none, why = desk.listing(str(UUID(int=99)))
    assert none is None
    assert "has not ended, or is not among the newest" in why


def test_a_tab_without_its_agent_says_which_run_to_choose(settings: Settings, runs: KnownRuns) -> None:
    whole = report(RUN)
    runs.put(whole.model_copy(update={"nodes": whole.nodes[:1]}))
    desk = desk_of(settings, runs, review=True)
    assert "no node of the code-reviewer" in desk.listing(None)[2]
    with pytest.raises(InvalidInputError, match="no node of the code-reviewer"):
        desk.open(str(RUN))


def test_each_finding_is_on_one_of_the_two_tabs(settings: Settings, runs: KnownRuns) -> None:
    runs.put(report(RUN))
    compliance, review = (desk_of(settings, runs, review=kind) for kind in (False, True))
    assert (compliance.open(str(RUN)).rules, review.open(str(RUN)).rules) == (
        ("secrets/aws-key", "demo/rule"), ("quality/complexity",),
    )  # fmt: skip
    assert "of 120" in compliance.turn(str(RUN), Filters(), 0).findings
    assert "of 1," in review.turn(str(RUN), Filters(), 0).findings


def test_an_opened_report_has_its_verdict_new_findings_trend_and_facts(settings: Settings, runs: KnownRuns) -> None:
    runs.put(report(EARLIER, 100))
    runs.put(report(RUN))
    opened = desk_of(settings, runs).open(str(RUN))
    assert "Failed: 1 finding is an error or worse" in opened.head
    assert "20 new" in opened.head
    assert "since run-7" in opened.head
    assert "Secrets, masked" in opened.facts
    assert "The trend in numbers" in opened.trend
    review = desk_of(settings, runs, review=True).open(str(RUN))
    assert "Passed" in review.head
    assert "Functions by cyclomatic complexity" in review.facts


def test_pages_are_turned_to_the_nearest_that_there_is(settings: Settings, runs: KnownRuns) -> None:
    runs.put(report(RUN))
    desk = desk_of(settings, runs)
    for asked, got in ((-3, 0), (0, 0), (1, 1), (99, 2)):
        turned = desk.turn(str(RUN), Filters(), asked)
        assert (turned.page, turned.pages) == (got, 3)
        assert f"Findings {got * PAGE + 1} to" in turned.findings


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        (Filters(severity="critical"), "Findings 1 to 1 of 1"),
        (Filters(rule="demo/rule"), "of 119"),
        (Filters(search="007.py"), "Number 007 &lt;b&gt;"),
        (Filters(search="nowhere"), "Change or empty the filters"),
        (Filters(fresh=True), "Change or empty the filters"),
    ],
)
def test_filters_leave_what_they_say(settings: Settings, runs: KnownRuns, filters: Filters, says: str) -> None:
    runs.put(report(RUN))
    assert says in desk_of(settings, runs).turn(str(RUN), filters, 0).findings


@pytest.mark.parametrize("name", EXPORTS)
def test_every_export_is_a_file_and_says_its_size(settings: Settings, runs: KnownRuns, tmp_path: Path, name: str) -> None:
    runs.put(report(RUN))
    path, said = desk_of(settings, runs).export(str(RUN), name, tmp_path / "downloads")
    assert path is not None
    assert path.stat().st_size > 0
    assert f"{path.name} is ready" in said


@pytest.mark.parametrize(
    ("run", "name", "says"),
    [
        (None, "CSV", "Choose a run first"),
        (str(RUN), "EXE", "choose one of the formats"),
        ("../x", "CSV", "is no run&#39;s id"),
        (str(EARLIER), "CSV", "has no report"),
    ],
)
def test_what_cannot_be_exported_says_why(
    settings: Settings, runs: KnownRuns, run: str | None, name: str, says: str
) -> None:
    runs.put(report(RUN))
    path, said = desk_of(settings, runs).export(run, name, settings.state_dir / "downloads")
    assert path is None
    assert says in said
