"""A report page by page and as a stream: nothing lost, the worst first, however large."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agents.contract.schema import Finding, Severity
from flows.reports.index import ALL, Choice, Index
from flows.reports.index_file import mark, opened, write
from flows.reports.schema import RunReport


@pytest.fixture
def compared(tmp_path: Path, small: RunReport, make_run: Callable[..., RunReport]) -> Index:
    """The small report beside one of an earlier run, which had not the licence's finding."""
    node = small.nodes[0]
    known = [found for found in node.part("findings") if found["rule"] != "licence/missing"]
    report = {**(node.report or {}), "findings": known}
    write(small, tmp_path / "small.db")
    write(make_run(nodes=(node.model_copy(update={"report": report}),)), tmp_path / "earlier.db")
    mark(tmp_path / "marks", tmp_path / "small.db", tmp_path / "earlier.db", "earlier")
    return Index(tmp_path / "small.db", tmp_path / "marks")


@pytest.fixture
def alone(small: RunReport) -> Iterator[Index]:
    """The small report compared with none."""
    with opened(small) as index:
        yield index


def test_new_findings_come_first_then_the_worst(compared: Index) -> None:
    entries = list(compared.entries())
    assert [(entry.fresh, entry.finding.rule) for entry in entries] == [
        (True, "licence/missing"), (False, "injection/sql"), (False, "injection/sql"), (False, "quality/complexity"),
    ]  # fmt: skip
    assert compared.compared == "earlier"
    assert [entry.finding for entry in compared.entries(ALL, 1, 2)] == [entry.finding for entry in entries[1:3]]


def test_without_an_earlier_run_no_finding_is_new(alone: Index) -> None:
    entries = list(alone.entries())
    assert alone.compared is None
    assert not any(entry.fresh for entry in entries)
    assert [entry.finding.severity.rank for entry in entries] == [0, 0, 2, 3]


def test_findings_come_back_as_they_were(alone: Index, small: RunReport) -> None:
    kept = [Finding.model_validate(found) for found in small.nodes[0].part("findings")]
    assert list(alone.of_node(0, as_told=True)) == kept
    assert {entry.finding for entry in alone.entries()} == set(kept)
    assert list(alone.of_node(1)) == []


def test_of_one_severity_they_stand_by_file_then_line_then_rule(make_run: Callable[..., RunReport]) -> None:
    places = [
        ("b.py", 1, "a/a"),
        ("a.py", 9, "b/b"),
        ("a.py", 2, "b/b"),
        ("a.py", 2, "a/a"),
        (None, None, "c/c"),
        ("a.py", None, "z/z"),
    ]
    findings = [
        Finding(rule=rule, severity=Severity.ERROR, message="m", file=file, line=line) for file, line, rule in places
    ]
    with opened(make_run(findings)) as index:
        shown = [(entry.finding.file, entry.finding.line, entry.finding.rule) for entry in index.entries()]
    assert shown == [places[4], places[5], places[3], places[2], places[1], places[0]]


def test_the_head_has_everything_but_the_findings(alone: Index, small: RunReport) -> None:
    head = alone.head
    assert (head.name, head.commit, head.url) == ("brave-otter", small.commit, small.url)
    assert [(node.node, node.status) for node in head.nodes] == [(node.node, node.status) for node in small.nodes]
    assert head.nodes[0].own == {"licence": "Apache-2.0", "languages": {"Python": 120, "C": 3}}
    assert head.nodes[0].summary.model_dump() == {"critical": 2, "error": 0, "warning": 1, "info": 1, "total": 4}
    assert (head.nodes[0].notes, head.nodes[0].files_scanned) == (3, 7)
    assert [head.at_or_above(severity) for severity in Severity] == [2, 2, 3, 4]
    counted = {(note.kind.value, note.count) for note in alone.note_counts()}
    assert counted == {("binary", 1), ("unparsable", 1), ("engine", 1)}


@pytest.mark.parametrize(
    ("choice", "count"),
    [
        (ALL, 4),
        (Choice(severity=Severity.CRITICAL), 2),
        (Choice(at_least=Severity.WARNING), 3),
        (Choice(rule="injection/sql"), 2),
        (Choice(rule=""), 0),
        (Choice(search="LOAD.py"), 1),
        (Choice(search="query file's"), 1),
        (Choice(search="' or 1=1 --"), 0),
        (Choice(search="%"), 0),
        (Choice(agents=("security-scanner",)), 4),
        (Choice(agents=("code-reviewer",)), 0),
        (Choice(without=("security-scanner",)), 0),
        (Choice(fresh=True), 1),
    ],
)
def test_filters_leave_what_they_say(compared: Index, choice: Choice, count: int) -> None:
    assert compared.count(choice) == count
    assert len(list(compared.entries(choice, 0, 50))) == count
    assert sum(rule.count for rule in compared.rules(choice)) == count


def test_pages_hold_every_finding_once(large: RunReport) -> None:
    with opened(large) as index:
        assert index.count() == 100_000
        pages = [list(index.entries(ALL, at, 50)) for at in (0, 50, 99_950)]
    assert len({entry.finding.fingerprint for page in pages for entry in page}) == 150
    assert {entry.finding.severity for entry in pages[0]} == {Severity.CRITICAL}


def test_a_stream_goes_on_while_others_read(alone: Index) -> None:
    stream = alone.entries()
    first = next(stream)
    assert alone.count() == 4
    assert len([first, *stream]) == 4
