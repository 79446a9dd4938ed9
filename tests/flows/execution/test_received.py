"""What is done with a report before anybody sees it."""

from __future__ import annotations

import pytest

from agents.contract.schema import Finding, Note, NoteKind, Report, Severity, Summary
from flows.errors import NodeFailedError
from flows.execution.received import received


def finding(file: str | None = "src/app.py", **more: str) -> Finding:
    return Finding(rule="a/b", severity=Severity.ERROR, message="m", file=file, **more)


def test_findings_are_counted_whatever_the_agent_says() -> None:
    report = Report(summary=Summary(critical=7, total=7), findings=(finding(fingerprint="f"),))
    assert received(report, "x").summary == Summary(error=1, total=1)


def test_missing_fingerprints_are_filled_in_and_equal_findings_told_apart() -> None:
    found = received(Report(findings=(finding(), finding("src/other.py"))), "x").findings
    assert len({one.fingerprint for one in found}) == 2
    assert all(one.fingerprint for one in found)


def test_fingerprints_that_are_there_stay() -> None:
    report = Report(findings=(finding(fingerprint="mine"),), summary=Summary(error=1, total=1))
    assert received(report, "x") == report


@pytest.mark.parametrize("file", ["a/b.py", ".hidden", "a..b/c", "..a", "a/...", "with space/ü.py", None])
def test_files_of_the_workspace_pass(file: str | None) -> None:
    assert received(Report(findings=(finding(file, fingerprint="f"),)), "x").findings[0].file == file


@pytest.mark.parametrize("file", ["/etc/passwd", "../x", "a/../../x", "a\\..\\..\\x", "~/.ssh/id", "C:/x", "", "a\0b"])
def test_a_file_outside_fails_the_node(file: str) -> None:
    with pytest.raises(NodeFailedError, match="outside the workspace"):
        received(Report(findings=(finding(file),)), "x")
    with pytest.raises(NodeFailedError, match="outside the workspace"):
        received(Report(notes=(Note(kind=NoteKind.LINK, file=file),)), "x")
