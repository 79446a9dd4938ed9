"""A report page by page: nothing lost, the worst first, however large."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agents.contract.schema import Severity
from flows.reports.index import Choice, Index, fingerprints, write
from flows.reports.schema import RunReport

ALL = Choice()


@pytest.fixture
def opened(tmp_path: Path, small: RunReport) -> Index:
    content = small.model_dump_json().encode()
    known = sorted(fingerprints(content))
    write(content, tmp_path / "small.db", frozenset(known[:-1]), "earlier")
    return Index(tmp_path / "small.db")


def test_the_findings_are_those_of_the_report_new_ones_first(opened: Index, small: RunReport) -> None:
    entries = opened.page(ALL, 0, 50)
    assert sorted(entry.finding.fingerprint for entry in entries) == sorted(
        finding.fingerprint for _, finding in small.findings
    )
    assert {entry.finding for entry in entries} == {finding for _, finding in small.findings}
    assert [entry.fresh for entry in entries] == [True, False, False, False]
    ranks = [entry.finding.severity.rank for entry in entries[1:]]
    assert ranks == sorted(ranks)


def test_the_head_has_everything_but_the_findings(opened: Index, small: RunReport) -> None:
    head = opened.head
    assert (head.name, head.commit, head.compared) == ("brave-otter", small.commit, "earlier")
    assert [(node.node, node.status) for node in head.nodes] == [(node.node, node.status) for node in small.nodes]
    assert head.nodes[0].own == {"licence": "Apache-2.0", "languages": {"Python": 120, "C": 3}}
    assert head.nodes[0].summary == small.summary
    assert {(note.kind.value, note.count) for note in opened.notes(ALL)} == {("binary", 1), ("unparsable", 1), ("engine", 1)}


@pytest.mark.parametrize(
    ("choice", "count"),
    [
        (ALL, 4),
        (Choice(severity=Severity.CRITICAL), 2),
        (Choice(rule="injection/sql"), 2),
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
def test_filters_leave_what_they_say(opened: Index, choice: Choice, count: int) -> None:
    assert opened.count(choice) == count
    assert len(opened.page(choice, 0, 50)) == count
    assert sum(rule.count for rule in opened.rules(choice)) == count


def test_pages_hold_every_finding_once(tmp_path: Path, large: RunReport) -> None:
    write(large.model_dump_json().encode(), tmp_path / "large.db", None, None)
    index = Index(tmp_path / "large.db")
    assert index.count(ALL) == 100_000
    pages = [index.page(ALL, at, 50) for at in (0, 50, 99_950)]
    assert len({entry.finding.fingerprint for page in pages for entry in page}) == 150
    assert {entry.finding.severity for entry in pages[0]} == {Severity.CRITICAL}
    assert not any(entry.fresh for entry in pages[0])


def test_reading_a_hundred_thousand_findings_takes_little_memory(tmp_path: Path, large: RunReport) -> None:
    source = tmp_path / "large.json"
    source.write_bytes(large.model_dump_json().encode())
    script = (
        "import sys; from pathlib import Path; from flows.reports.index import write\n"
        "write(Path(sys.argv[1]).read_bytes(), Path(sys.argv[2]), None, None)\n"
        "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"
    )
    command = [sys.executable, "-c", script, str(source), str(tmp_path / "large.db")]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    assert int(said) * 1024 < 320e6  # kilobytes, the largest that the process ever was
