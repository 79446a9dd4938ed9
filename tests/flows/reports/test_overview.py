"""The summary of a run: short, whole words, and nothing that people copy broken, at any width."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from rich.console import Console

from agents.contract.schema import Finding, Severity
from flows.reports.index_file import opened
from flows.reports.overview import RULES_SHOWN, show_summary
from flows.reports.schema import RunReport
from tests.flows.reports.conftest import overview

WIDTHS = [80, 100, 120, 200]
LONG = Finding(
    rule="misconfiguration/python-debug-on",
    severity=Severity.WARNING,
    message="The debugger is switched on in code: where this runs in public, visitors can run what they like in it.",
    file="tests/test_apps/blueprintapp/__init__.py",
    line=4,
)


@pytest.mark.parametrize("width", [110, 120, 200])
def test_an_example_stands_beside_its_rule_where_there_is_room(small: RunReport, width: int) -> None:
    shown = overview(small, width)
    assert re.search(r"^critical +2 +injection/sql +scan +src/db access.py:12:5 The query", shown, re.MULTILINE)


def test_an_example_stands_below_its_rule_where_there_is_none(make_run: Callable[..., RunReport]) -> None:
    shown = overview(make_run([LONG]), 80)
    place = f"{LONG.file}:4"
    assert re.search(
        rf"^warning       1  misconfiguration/python-debug-on  scan\n {{17}}{re.escape(place)}", shown, re.MULTILINE
    )


def test_a_long_path_stays_whole(make_run: Callable[..., RunReport]) -> None:
    file = f"{'deep/' * 20}app.py"
    shown = overview(make_run([LONG.model_copy(update={"file": file})]), 80)
    assert re.search(rf"^ {{17}}{file}:4\n {{17}}The debugger is switched on .*…$", shown, re.MULTILINE)


@pytest.mark.parametrize("width", WIDTHS)
def test_words_and_addresses_stay_in_one_piece(make_run: Callable[..., RunReport], width: int) -> None:
    page = f"http://127.0.0.1:4200/runs/flow-run/{'0' * 8}-1111-2222-3333-444444444444"
    report = make_run([LONG], url=page, repository=f"/srv/{'deep/' * 20}repository", run="0" * 36)
    shown = overview(report, width)
    for whole in (page, report.repository, report.run, "Node", "Status", "critical", "completed", "timed-out", LONG.rule):
        assert re.search(rf"(?<!\S){re.escape(whole)}(?!\S)", shown), whole
    for node in report.nodes:
        assert re.search(rf"^{node.node} ", shown, re.MULTILINE)
    table = shown[shown.index("Node ") : shown.index("Every finding")]
    assert max(map(len, table.splitlines())) <= width


def test_columns_go_before_words_break(small: RunReport) -> None:
    assert "security-scanner" in overview(small, 120)
    narrow = overview(small, 70)
    assert "security-scanner" not in narrow
    assert re.search(r"^scan +completed +2 +0 +1 +1 +", narrow, re.MULTILINE)


def test_a_pipe_gets_no_trailing_blanks_and_no_colour(small: RunReport) -> None:
    assert not re.search(r" $", overview(small, 120), re.MULTILINE)
    assert "\x1b" not in overview(small, 120)


def test_a_terminal_gets_colour(small: RunReport) -> None:
    stream = io.StringIO()
    with opened(small) as index:
        show_summary(
            index, Console(file=stream, width=100, force_terminal=True, color_system="standard", legacy_windows=False)
        )
    assert "\x1b[1;31mcritical" in stream.getvalue()


def test_the_way_to_the_rest_is_told_by_name(small: RunReport, make_run: Callable[..., RunReport]) -> None:
    assert "Every finding in full: dockyard report brave-otter\n" in overview(small, 80)
    assert "more rules" not in overview(small, 80)
    assert "dockyard report run-1234\n" in overview(make_run(name="a; rm -r ~"), 80)


def test_many_rules_say_how_many_are_left_out(make_run: Callable[..., RunReport]) -> None:
    findings = [
        Finding(rule=f"a/rule-{number}", severity=Severity.ERROR, message=str(copy))
        for number in range(RULES_SHOWN + 3)
        for copy in range(1 if number >= RULES_SHOWN else 2)
    ]
    assert "and 3 more rules with 3 findings, none worse than these" in overview(make_run(findings), 110)


def test_a_run_without_findings_has_a_summary(make_run: Callable[..., RunReport]) -> None:
    assert "Every finding in full" in overview(make_run(), 80)


def test_markup_of_the_console_stays_text(make_run: Callable[..., RunReport]) -> None:
    hostile = "[bold red]x[/] [link=https://evil.example]y[/link] :boom:"
    report = make_run([Finding(rule="a/b", severity=Severity.INFO, message=hostile)], name=hostile, reason=hostile)
    assert overview(report, 200).count(hostile) == 3


def test_a_hundred_thousand_findings_fit_a_screen(large: RunReport) -> None:
    assert len(overview(large, 110).splitlines()) < 60
