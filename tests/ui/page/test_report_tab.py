"""The report tab's events: what they fill, and what a quick visitor has chosen meanwhile and keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import gradio as gr
import pytest

from flows.service.reports import Reports
from flows.settings import Settings
from tests.known_runs import KnownRuns
from tests.ui.page.test_reports import EARLIER, RUN, VERA, report
from ui.page.context import Context
from ui.page.report_tab import ReportTab, report_tab
from ui.page.reports import EVERY, ReportDesk, Subject

KEPT = {"__type__": "update"}
"""What Gradio takes for: leave it as it is."""


def request(**query: str) -> gr.Request:
    asked = gr.Request()
    asked.kwargs = {"query_params": query}
    return asked


@pytest.fixture
def runs(settings: Settings, server_is_elsewhere: None) -> KnownRuns:
    return KnownRuns(settings)


class Tab(ReportTab):
    """The tab over runs that the test knows."""

    runs: KnownRuns

    def _desk(self, request: gr.Request) -> ReportDesk:
        desk = super()._desk(request)
        desk.reports = Reports(self.context.settings, self.runs)
        return desk


@pytest.fixture
def tab(settings: Settings, runs: KnownRuns) -> Tab:
    with gr.Blocks():
        made = report_tab(Context(settings, lambda _request: VERA), Subject(review=False))
    tab = Tab(**{name: getattr(made, name) for name in made.__dataclass_fields__})
    object.__setattr__(tab, "runs", runs)
    return tab


def by_part(tab: ReportTab, parts: list[Any], updates: list[Any]) -> dict[str, Any]:
    """Updates by the name of the component that they are for."""
    assert len(parts) == len(updates)
    names = {id(getattr(tab, name)): name for name in tab.__dataclass_fields__}
    return {names[id(part)]: update for part, update in zip(parts, updates, strict=True)}


def test_arriving_opens_the_newest_report(tab: Tab, runs: KnownRuns) -> None:
    runs.put(report(EARLIER))
    runs.put(report(RUN))
    filled = by_part(tab, tab.arrival, tab.arrive(request()))
    assert filled["run"]["value"] == filled["shown"] == str(RUN)
    assert "Failed" in filled["head"]
    assert "Findings 1 to 50 of 120" in filled["findings"]
    assert filled["rule"]["choices"] == [EVERY, "secrets/aws-key", "demo/rule"]
    assert (filled["before"]["interactive"], filled["after"]["interactive"]) == (False, True)


def test_arriving_with_an_address_opens_its_run(tab: Tab, runs: KnownRuns) -> None:
    runs.put(report(EARLIER))
    runs.put(report(RUN))
    assert by_part(tab, tab.arrival, tab.arrive(request(run=str(EARLIER))))["shown"] == str(EARLIER)
    filled = by_part(tab, tab.arrival, tab.arrive(request(run=str(UUID(int=99)))))
    assert filled["shown"] is None
    assert "Choose another" in filled["said"]


@pytest.mark.parametrize("there", [True, False])
def test_filters_that_were_set_before_the_report_came_stay(tab: Tab, runs: KnownRuns, there: bool) -> None:
    if there:
        runs.put(report(RUN))
    filled = by_part(tab, tab.arrival, tab.arrive(request()))
    assert [filled[name] for name in ("severity", "search", "fresh")] == [KEPT] * 3
    if there:
        narrowed = by_part(tab, tab.turned, tab.arrived(str(RUN), request(), "critical", EVERY, "", False))
        assert "Findings 1 to 1 of 1" in narrowed["findings"]
    assert tab.arrived(str(RUN) if there else None, request(), EVERY, EVERY, "", False) == [KEPT] * len(tab.turned)


def test_choosing_another_run_empties_the_filters(tab: Tab, runs: KnownRuns) -> None:
    runs.put(report(RUN))
    filled = by_part(tab, tab.detail, tab._choose(str(RUN), request()))
    assert [filled[name]["value"] for name in ("severity", "rule", "search", "fresh")] == [EVERY, EVERY, "", False]
    emptied = by_part(tab, tab.detail, tab._choose(None, request()))
    assert (emptied["shown"], emptied["findings"]) == (None, "")
    assert "Choose a run that has ended" in emptied["said"]


def test_pages_are_turned_within_what_the_filters_leave(tab: Tab, runs: KnownRuns) -> None:
    runs.put(report(RUN))
    given = ("warning", EVERY, "", False)
    on = by_part(tab, tab.turned, tab._on(str(RUN), 1, request(), *given))
    assert "Findings 101 to 119 of 119" in on["findings"]
    assert "Page 3 of 3" in on["where"]
    assert (on["page"], on["before"]["interactive"], on["after"]["interactive"]) == (2, True, False)
    assert by_part(tab, tab.turned, tab._back(str(RUN), 2, request(), *given))["page"] == 1
    assert by_part(tab, tab.turned, tab._filter(str(RUN), request(), *given))["page"] == 0
    assert tab._filter(None, request(), *given) == [KEPT] * len(tab.turned)


def test_what_cannot_be_read_is_said_where_the_findings_were(tab: Tab, runs: KnownRuns) -> None:
    turned = by_part(tab, tab.turned, tab._filter(str(RUN), request(), EVERY, EVERY, "", False))
    assert 'role="alert"' in turned["findings"]
    assert turned["page"] == KEPT
    shown = by_part(tab, tab.detail, tab._choose(str(RUN), request()))
    assert "there is no run" in shown["said"]


def test_an_export_lies_where_gradio_removes_it_and_leaves_no_folder(tab: Tab, runs: KnownRuns, tmp_path: Path) -> None:
    runs.put(report(RUN))
    tab.file.GRADIO_CACHE = str(tmp_path / "cache")
    for _ in range(2):
        said, file = tab._export(str(RUN), "CSV", request())
    path = Path(file["value"])
    assert [*(tmp_path / "cache").rglob("*")] == [path.parent, path]
    assert (file["visible"], file["label"]) == (True, f"Download {path.name}")
    assert "is ready" in said
    said, file = tab._export(None, "CSV", request())
    assert "Choose a run first" in said
    assert (file["visible"], file["value"]) == (False, None)
