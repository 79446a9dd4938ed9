"""Findings as a spreadsheet reads them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from agents.contract.schema import Finding, Severity
from flows.reports import csv_format
from flows.reports.schema import RunReport
from tests.rendered import rendering


def rows(report: RunReport) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(rendering(csv_format.render, report), newline="")))


def test_each_finding_is_a_line_worst_first(small: RunReport) -> None:
    found = rows(small)
    assert [row["severity"] for row in found] == ["critical", "critical", "warning", "info"]
    assert (found[0]["file"], found[0]["line"], found[0]["cwe"]) == ("src/db access.py", "12", "CWE-89")
    assert found[0]["snippet"] == 'cursor.execute("SELECT * FROM t WHERE id=" + request.args["id"])'


def test_nothing_that_a_spreadsheet_would_calculate(make_run: Callable[..., RunReport]) -> None:
    report = make_run([Finding(rule="a/b", severity=Severity.INFO, message='=HYPERLINK("http://x")', file="@SUM(1)\n+1")])
    (row,) = rows(report)
    assert row["message"] == """'=HYPERLINK("http://x")"""
    assert row["file"] == "'@SUM(1) +1"
