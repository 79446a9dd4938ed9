"""What is kept of a run: its report, its figures, and the index that opens it."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from flows.errors import UnknownError
from flows.reports import archive, index_file
from flows.reports.index import Index
from flows.reports.schema import RunReport

RUN = UUID(int=5)


def saved(report: RunReport, folder: Path) -> Path:
    """Where the report is kept, when all that belongs to it is."""
    archive.save(report)
    for thread in threading.enumerate():
        if thread.name == "index":
            thread.join()
    (whole,) = folder.rglob("report.json")
    return whole.parent


@pytest.fixture
def report(make_run: Callable[..., RunReport], small: RunReport, server_is_elsewhere: None) -> RunReport:
    return small.model_copy(update={"run": str(RUN)})


def test_a_report_comes_back_with_its_figures_and_its_index(report: RunReport, tmp_path: Path) -> None:
    kept = saved(report, tmp_path)
    stamp = archive.stamp(RUN)
    assert {path.name for path in kept.iterdir()} == {
        "report.json", "glance.json", f"index-{index_file.VERSION}-{stamp}.db.gz",
    }  # fmt: skip
    assert archive.load(RUN) == report
    figures = archive.glance(RUN)
    assert figures is not None
    assert [node.report and node.report.summary.total for node in figures.nodes] == [4, None, None]
    archive.fetch(RUN, stamp, tmp_path / "fetched.db")
    assert Index(tmp_path / "fetched.db").count() == 4


@pytest.mark.parametrize("left", [0, 10, -10])
def test_an_index_that_is_only_partly_there_is_made_from_the_report(report: RunReport, tmp_path: Path, left: int) -> None:
    (index,) = saved(report, tmp_path).glob("index-*")
    index.write_bytes(index.read_bytes()[:left])
    archive.fetch(RUN, archive.stamp(RUN), tmp_path / "fetched.db")
    assert Index(tmp_path / "fetched.db").count() == 4


def test_a_report_has_another_stamp_when_it_is_written_again(report: RunReport, tmp_path: Path) -> None:
    saved(report, tmp_path)
    before = archive.stamp(RUN)
    saved(report.model_copy(update={"finished": report.finished.replace(year=2030)}), tmp_path)
    assert archive.stamp(RUN) != before


def test_a_run_is_not_failed_by_an_index_that_cannot_be_kept(
    report: RunReport, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = tmp_path / "no-such-folder"
    monkeypatch.setattr("tempfile.tempdir", str(full))
    with caplog.at_level(logging.WARNING):
        kept = saved(report, tmp_path)
    monkeypatch.undo()
    assert {path.name for path in kept.iterdir()} == {"report.json", "glance.json"}
    assert "whoever opens it first makes it" in caplog.text


def test_another_agents_field_of_the_same_name_is_no_figure(report: RunReport, tmp_path: Path) -> None:
    node = report.nodes[0]
    odd = node.model_copy(update={"report": {**(node.report or {}), "complexity": "high"}})
    saved(report.model_copy(update={"nodes": (odd,)}), tmp_path)
    figures = archive.glance(RUN)
    assert figures is not None
    assert figures.nodes[0].report is not None
    assert figures.nodes[0].report.complexity is None


def test_a_run_without_a_report_has_nothing(server_is_elsewhere: None) -> None:
    assert archive.glance(RUN) is None
    for ask in (archive.stamp, archive.load, archive.content):
        with pytest.raises(UnknownError, match="has no report"):
            ask(RUN)


def test_the_index_is_a_database_that_anybody_can_read(report: RunReport, tmp_path: Path) -> None:
    saved(report, tmp_path)
    archive.fetch(RUN, archive.stamp(RUN), tmp_path / "fetched.db")
    assert sqlite3.connect(tmp_path / "fetched.db").execute("pragma integrity_check").fetchone() == ("ok",)
