"""Reports of finished runs: opened, compared with the run before, followed over runs, exported."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from agents.contract.schema import Finding, Severity
from flows.errors import InvalidInputError, UnavailableError, UnknownError
from flows.reports import archive
from flows.reports.schema import RunReport
from flows.service.reports import Choice, Format, Reports, compliance_of, review_of, run_id_of
from flows.service.runs import RunState
from flows.settings import Settings
from tests.flows.reports.conftest import run_of
from tests.known_runs import KnownRuns

FIRST, SECOND, THIRD = (UUID(int=number) for number in (1, 2, 3))


def found(*names: str) -> list[Finding]:
    return [Finding(rule="a/b", severity=Severity.ERROR, message=name, file=f"{name}.py", line=1) for name in names]


def report(run: UUID, *names: str, **more: object) -> RunReport:
    return run_of(found(*names), run=str(run), name=f"run-{run.int}", **more)


@pytest.fixture
def runs(settings: Settings, server_is_elsewhere: None) -> KnownRuns:
    return KnownRuns(settings)


@pytest.fixture
def reports(settings: Settings, runs: KnownRuns) -> Reports:
    return Reports(settings, runs)


def fresh(reports: Reports, run: UUID) -> list[str]:
    return [entry.finding.message for entry in reports.open(run).entries(Choice(fresh=True))]


def kept_indexes() -> None:
    """Wait until what runs keep in the background is kept."""
    for thread in threading.enumerate():
        if thread.name == "index":
            thread.join()


def test_what_the_run_before_had_not_is_new(reports: Reports, runs: KnownRuns) -> None:
    runs.put(report(FIRST, "one", "two"))
    runs.put(report(SECOND, "two", "three"))
    assert fresh(reports, SECOND) == ["three"]
    assert reports.open(SECOND).compared == "run-1"
    assert [entry.finding.message for entry in reports.open(SECOND).entries()] == ["three", "two"]
    assert (fresh(reports, FIRST), reports.open(FIRST).compared) == ([], None)


def test_a_run_in_which_not_every_agent_reported_is_no_measure(reports: Reports, runs: KnownRuns) -> None:
    runs.put(report(FIRST, "one"))
    whole = report(SECOND)
    runs.put(whole.model_copy(update={"nodes": whole.nodes[1:]}))
    runs.put(report(THIRD, "one", "two"))
    assert reports.open(THIRD).compared == "run-1"
    assert fresh(reports, THIRD) == ["two"]


def test_runs_of_other_repositories_are_not_compared(reports: Reports, runs: KnownRuns) -> None:
    runs.put(report(FIRST, "one", repository="/elsewhere"))
    runs.put(report(SECOND, "one"))
    assert reports.open(SECOND).compared is None


def test_a_run_that_was_tried_again_is_shown_as_it_ended_then(reports: Reports, runs: KnownRuns) -> None:
    runs.put(report(FIRST, "one"))
    assert reports.open(FIRST).count() == 1
    runs.put(report(FIRST, "one", "two", "three"))
    assert reports.open(FIRST).count() == 3
    assert reports.read(FIRST).count() == 3


def test_opening_reads_the_index_that_the_run_kept(reports: Reports, runs: KnownRuns, tmp_path: Path) -> None:
    runs.put(report(FIRST, "one"))
    kept_indexes()
    (whole,) = tmp_path.rglob("report.json")
    whole.write_text("what only opening without an index would read")
    assert [entry.finding.message for entry in reports.read(FIRST).entries()] == ["one"]


def test_a_report_of_before_is_indexed_when_it_is_first_opened(reports: Reports, runs: KnownRuns, tmp_path: Path) -> None:
    runs.put(report(FIRST, "one", "two"))
    kept_indexes()
    (whole,) = tmp_path.rglob("report.json")
    for beside in whole.parent.iterdir():
        if beside != whole:
            beside.unlink()
    assert reports.read(FIRST).count() == 2
    whole.write_bytes(report(FIRST, "one").model_dump_json().encode())
    assert reports.read(FIRST).count() == 1  # an older hub tried the run again


def test_only_the_newest_opened_reports_stay_on_disk(reports: Reports, runs: KnownRuns, settings: Settings) -> None:
    many = [UUID(int=number) for number in range(1, 28)]
    for run in many:
        archive.save(report(run, "one"))
    kept_indexes()
    folder, hours_ago = settings.state_dir / "reports", time.time() - 7200
    for number, run in enumerate(many[:-1]):
        reports.read(run)
        for path in folder.glob(f"{run}*"):
            os.utime(path, (hours_ago + number, hours_ago + number))
    in_use = many[0]
    reports.read(in_use)
    reports.read(many[-1])
    left = {path.name[:36] for path in folder.iterdir()}
    assert left == {str(run) for run in (in_use, *many[-23:])}


def test_a_report_that_went_while_it_was_read_is_told_as_such(reports: Reports, settings: Settings) -> None:
    archive.save(report(FIRST, "one"))
    kept_indexes()
    opened = reports.read(FIRST)
    for path in (settings.state_dir / "reports").iterdir():
        path.unlink()
    with pytest.raises(UnavailableError, match="open it again"):
        opened.count()
    assert reports.read(FIRST).count() == 1


def test_a_run_without_a_report_says_so(reports: Reports, runs: KnownRuns, tmp_path: Path) -> None:
    runs.put(report(FIRST), state=RunState.RUNNING)
    for ask in (reports.open, reports.read, lambda run: reports.render(run, Format.CSV)):
        with pytest.raises(UnknownError, match="has no report"):
            ask(FIRST)
    with pytest.raises(UnknownError, match="has no report"):
        reports.export(FIRST, Format.CSV, tmp_path)
    assert reports.finished() == []
    assert list(tmp_path.glob("dockyard*")) == []


def test_the_newest_run_of_an_agent_is_found(reports: Reports, runs: KnownRuns) -> None:
    assert reports.newest_of(("security-scanner",)) is None
    runs.put(report(FIRST, "one"))
    runs.put(report(SECOND, nodes=()))
    newest = reports.newest_of(("security-scanner",))
    assert newest is not None
    assert newest.id == FIRST
    assert reports.newest_of(("code-reviewer",)) is None  # it gave no report
    assert reports.newest_of((), without=("security-scanner",)) is None


def test_a_trend_is_of_the_same_workflow_and_repository_oldest_first(reports: Reports, runs: KnownRuns) -> None:
    runs.put(report(FIRST, "one"))
    runs.put(report(SECOND, "one", workflow="another"))
    runs.put(report(THIRD, "one", "two"))
    trend = reports.trend(THIRD)
    assert [past.run.id for past in trend] == [FIRST, THIRD]
    assert [past.glance.nodes[0].report and past.glance.nodes[0].report.summary.total for past in trend] == [1, 2]


@pytest.mark.parametrize("chosen", Format)
def test_an_export_is_a_file_of_the_whole_report_and_leaves_nothing_else(
    reports: Reports, runs: KnownRuns, tmp_path: Path, chosen: Format
) -> None:
    runs.put(report(FIRST, "one", "two").model_copy(update={"name": "../odd name"}))
    folder = tmp_path / "downloads"
    for _ in range(2):
        made = reports.export(FIRST, chosen, folder)
    assert list(folder.iterdir()) == [made]
    assert made.name.startswith("dockyard-..-odd-name-00000000.")
    assert made.read_bytes() == "".join(reports.render(FIRST, chosen)).encode()


def test_what_an_agent_reports_beside_findings_is_read_as_its_own(reports: Reports, runs: KnownRuns) -> None:
    whole = report(FIRST)
    reviewing = whole.nodes[0].model_copy(update={"agent": "code-reviewer"})
    checking = whole.nodes[0].model_copy(update={"agent": "compliance-checker"})
    silent = whole.nodes[1]
    runs.put(whole.model_copy(update={"nodes": (reviewing, checking, silent)}))
    one, two, three = reports.read(FIRST).nodes()
    assert review_of(one) is not None
    assert compliance_of(two) is not None
    assert (compliance_of(one), review_of(two), review_of(three)) == (None, None, None)


def test_text_that_is_no_id_is_refused() -> None:
    assert run_id_of(str(FIRST)) == FIRST
    with pytest.raises(InvalidInputError, match="is no run's id"):
        run_id_of("../x")


def test_many_who_open_a_report_at_once_get_the_same(reports: Reports, runs: KnownRuns) -> None:
    runs.put(report(FIRST, "one", "two"))
    counts: list[int] = []
    openers: list[Callable[[], None]] = [lambda: counts.append(reports.read(FIRST).count())] * 6
    threads = [threading.Thread(target=opener) for opener in openers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [2] * 6
