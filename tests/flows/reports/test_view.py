"""What every format for people is told of a run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from agents.contract.schema import Confidence, Finding, Note, NoteKind, Severity
from flows.reports import view
from flows.reports.index import Head
from flows.reports.index_file import opened
from flows.reports.schema import RunReport


def head_of(report: RunReport) -> Head:
    with opened(report) as index:
        return index.head


def notes_of(report: RunReport, only: int | None = None) -> list[view.NoteGroup]:
    with opened(report) as index:
        return view.note_groups(index, only)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "0.0 s"),
        (0.44, "0.4 s"),
        (59.7, "1 min 0 s"),
        (12.3, "12 s"),
        (185, "3 min 5 s"),
        (7440, "2 h 4 min"),
    ],
)
def test_durations_read_like_speech(seconds: float, shown: str) -> None:
    assert view.duration(seconds) == shown


def test_the_header_names_the_commit_and_hides_the_credentials(small: RunReport) -> None:
    header = dict(view.header(head_of(small)))
    assert header["Commit"] == "0123456789ab (main)"
    assert header["Repository"] == "https://code.example.org/org/repo.git"
    assert header["Took"] == "1 min 33 s"
    assert header["Page"] == "http://127.0.0.1:4200/runs/1"


def test_a_page_that_is_no_web_address_is_left_out(small: RunReport) -> None:
    report = small.model_copy(update={"url": "javascript:alert(1)"})
    assert view.link(head_of(report)) is None
    assert "Page" not in dict(view.header(head_of(report)))


def test_a_ref_that_is_the_commit_is_not_said_twice(small: RunReport) -> None:
    report = small.model_copy(update={"ref": small.commit, "finished": small.started + timedelta(hours=1)})
    assert dict(view.header(head_of(report)))["Commit"] == "0123456789ab"


def test_failures_come_before_skips(small: RunReport) -> None:
    reordered = small.model_copy(update={"nodes": small.nodes[::-1]})
    told = [(node.node, reason) for node, reason in view.troubles(head_of(reordered))]
    assert told == [("review", "not finished after 900 s"), ("tell", "review gave no report")]


def test_facts_are_the_agents_own_plain_fields(small: RunReport) -> None:
    extra = {
        "most_complex": {"name": "f", "complexity": 42, "path": ["no"]},
        "share": 0.123456,
        "clean": False,
        "entries": [1, 2],
        "nothing": None,
        "by_kind": {f"k{number}": number for number in range(20)},
    }
    node = small.nodes[0].model_copy(update={"report": {**(small.nodes[0].report or {}), **extra}})
    reporting, silent = head_of(small.model_copy(update={"nodes": (node, small.nodes[1])})).nodes
    assert view.facts(reporting) == [
        ("licence", "Apache-2.0"),
        ("languages", "Python 120, C 3"),
        ("most complex", "name f, complexity 42"),
        ("share", "0.1235"),
        ("clean", "no"),
        ("by kind", "k0 0, k1 1, k2 2, k3 3, k4 4, k5 5, k6 6, k7 7, k8 8, k9 9, k10 10, k11 11 and 8 more"),
    ]
    assert view.facts(silent) == []


def test_a_place_says_as_much_as_is_known() -> None:
    known = Finding(rule="a/b", severity=Severity.INFO, message="m", file="x.py", line=3, column=7)
    assert view.place(known) == "x.py:3:7"
    assert view.place(known.model_copy(update={"column": None})) == "x.py:3"
    assert view.place(known.model_copy(update={"line": None})) == "x.py"
    assert view.place(known.model_copy(update={"file": None, "line": None})) == "repository"


def test_groups_are_worst_first_and_lose_no_finding(small: RunReport) -> None:
    with opened(small) as index:
        groups = view.groups(index)
        first = list(groups[0].findings)
        assert [len(list(group.findings)) for group in groups] == [group.count for group in groups]
        assert groups[0].example == first[0]
    assert [(group.rule, group.count) for group in groups] == [
        ("injection/sql", 2),
        ("quality/complexity", 1),
        ("licence/missing", 1),
    ]
    assert groups[0].remediation == "Pass the value as a parameter of the query."
    assert groups[0].cwe == "CWE-89"
    assert [finding.file for finding in first] == ["src/db access.py", "src/load.py"]
    assert groups[0].beside(first[1]) == ["low confidence"]


def test_differing_advice_stands_beside_each_finding(make_run: Callable[..., RunReport]) -> None:
    findings = [
        Finding(rule="a/b", severity=Severity.ERROR, message=f"m{n}", remediation=f"r{n}", cwe=f"CWE-{n}") for n in (1, 2)
    ]
    doubtful = Finding(rule="a/b", severity=Severity.ERROR, message="m3", confidence=Confidence.MEDIUM)
    with opened(make_run([*findings, doubtful])) as index:
        (group,) = view.groups(index)
        told = {finding.message: group.beside(finding) for finding in group.findings}
    assert (group.remediation, group.cwe) == (None, None)
    assert told == {"m1": ["r1", "CWE-1"], "m2": ["r2", "CWE-2"], "m3": ["medium confidence"]}


@pytest.mark.parametrize(("other", "shared"), [("r", "r"), (None, None), ("s", None)])
def test_advice_is_shared_where_every_finding_gives_it(
    make_run: Callable[..., RunReport], other: str | None, shared: str | None
) -> None:
    findings = [
        Finding(rule="a/b", severity=Severity.ERROR, message=str(n), remediation=advice)
        for n, advice in enumerate(("r", other))
    ]
    with opened(make_run(findings)) as index:
        assert [group.remediation for group in view.groups(index)] == [shared]


def binaries(count: int) -> list[Note]:
    return [Note(kind=NoteKind.BINARY, file=f"locale/{number}.mo") for number in range(count)]


def test_notes_that_say_the_same_are_one_group_the_rarest_first(make_run: Callable[..., RunReport]) -> None:
    large = [Note(kind=NoteKind.TOO_LARGE, file=f"{n}.js", detail=f"{n}000000 bytes, limit 4194304") for n in (5, 6)]
    torn = [
        Note(kind=NoteKind.UNPARSABLE, file=f"{name}.py", detail=f"{name}.py:{n}: bad") for n, name in ((1, "a"), (2, "b"))
    ]
    engine = [Note(kind=NoteKind.ENGINE, detail="no Zig"), Note(kind=NoteKind.ENGINE, file="x.js", detail="timeout of r")]
    groups = notes_of(make_run(notes=[*binaries(9), *large, *torn, *engine]))
    assert [(group.kind.value, group.detail, len(group.notes), group.more) for group in groups] == [
        ("engine", "no Zig", 1, 0),
        ("engine", "timeout of r", 1, 0),
        ("too-large", "", 2, 0),
        ("unparsable", "", 2, 0),
        ("binary", "", 9, 4),
    ]
    assert groups[0].shown == []
    assert groups[1].shown == [("x.js", "")]
    assert groups[2].shown == [("5.js", "5000000 bytes, limit 4194304"), ("6.js", "6000000 bytes, limit 4194304")]
    assert groups[4].shown == [(f"locale/{number}.mo", "") for number in range(5)]


def test_one_more_example_is_shown_rather_than_counted(make_run: Callable[..., RunReport]) -> None:
    (group,) = notes_of(make_run(notes=binaries(6)))
    assert (len(group.shown), group.more) == (6, 0)


def test_notes_of_two_nodes_stay_apart(small: RunReport) -> None:
    twice = small.model_copy(update={"nodes": (small.nodes[0], small.nodes[0].model_copy(update={"node": "again"}))})
    assert [group.node for group in notes_of(twice)] == ["scan"] * 3 + ["again"] * 3
    assert [group.node for group in notes_of(twice, 1)] == ["again"] * 3
