"""The terminal's format: complete, inert with hostile text."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.contract.schema import Finding, Note, NoteKind, Severity
from flows.reports import text
from flows.reports.schema import RunReport
from tests.flows.reports.conftest import overview
from tests.rendered import rendering


def test_the_report_tells_everything(small: RunReport) -> None:
    shown = rendering(text.render, small)
    assert "review timed-out: not finished after 900 s" in shown
    assert "tell skipped: review gave no report" in shown
    assert re.search(r"^scan +security-scanner +completed +2 +0 +1 +1 +3 +7 +12 s$", shown, re.MULTILINE)
    assert re.search(r"^review +code-reviewer +timed-out( +–){6} +15 min 0 s$", shown, re.MULTILINE)  # noqa: RUF001
    assert "languages  Python 120, C 3" in shown
    assert "CRITICAL (2)" in shown
    assert "  injection/sql  scan, 2, CWE-89\n  Remedy: Pass the value as a parameter" in shown
    assert "    src/db access.py:12:5  The query is built from the request's text.\n" in shown
    assert '      | cursor.execute("SELECT * FROM t WHERE id=" + request.args["id"])\n' in shown
    assert "    src/load.py:3  The query is built from a file's text.  low confidence\n" in shown
    assert "    repository  There is no licence file.\n" in shown
    assert "NOTES (3)" in shown
    assert "  scan  unparsable  src/new.py: line 3\n" in shown
    assert "\x1b" not in shown
    assert not re.search(r" $", shown, re.MULTILINE)


def test_a_long_line_is_not_cut(make_run: Callable[..., RunReport]) -> None:
    long = "x" * 500
    finding = Finding(rule="a/b", severity=Severity.INFO, message=f"m{long}", file=f"f{long}", snippet=f"s{long}")
    shown = rendering(text.render, make_run([finding], notes=[Note(kind=NoteKind.ENGINE, detail=f"d{long}")]))
    assert [letter for letter in "mfsd" if f"{letter}{long}" in shown] == list("mfsd")


def test_markup_of_the_console_stays_text(make_run: Callable[..., RunReport]) -> None:
    hostile = "[bold red]x[/] [link=https://evil.example]y[/link] :boom:"
    report = make_run([Finding(rule="a/b", severity=Severity.INFO, message=hostile)], name=hostile, reason=hostile)
    assert rendering(text.render, report).count(hostile) == 3


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_no_control_character_gets_through(make_run: Callable[..., RunReport], one: str, two: str) -> None:
    nasty = f"{one}\x1b[31m\x9b2J\r\n\x07\u202e{two}"
    finding = Finding(rule="a/b", severity=Severity.INFO, message=nasty, file=nasty, snippet=nasty, remediation=two)
    report = make_run([finding], reason=nasty, facts={one or "k": nasty}, name=nasty, ref=nasty, run=nasty)
    for shown in (rendering(text.render, report), overview(report, 80), overview(report, 200)):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)


def test_a_hundred_thousand_findings(large: RunReport) -> None:
    began = time.process_time()
    shown = rendering(text.render, large)
    assert time.process_time() - began < 10
    assert len(set(re.findall(r"Finding #(\d{6})", shown))) == 100_000
    assert "CRITICAL (25000)" in shown


def test_many_notes_of_one_kind_are_a_block_with_examples(make_run: Callable[..., RunReport]) -> None:
    notes = [Note(kind=NoteKind.BINARY, file=f"{number}.png") for number in range(700)]
    shown = rendering(text.render, make_run(notes=[*notes, Note(kind=NoteKind.NOT_UTF8, file="a.css", detail="byte 3")]))
    assert "NOTES (701)\n\n  scan  not-utf8  a.css: byte 3\n  scan  binary (700)\n    0.png\n    1.png\n" in shown
    assert "    4.png\n    and 695 more\n\n  Every note: dockyard report run-1234 --format json\n" in shown
