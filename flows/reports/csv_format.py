"""A run's findings as CSV (RFC 4180), a line each: what spreadsheets and databases read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from flows.reports import plain
from flows.reports.index import Index

COLUMNS = ("node", "agent", "severity", "rule", "file", "line", "column", "message", "remediation", "cwe", "confidence",
           "snippet", "fingerprint")  # fmt: skip

_FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet would calculate: https://owasp.org/www-community/attacks/CSV_Injection"""


def render(report: Index) -> Iterator[str]:
    """The findings under a line of headings, worst first. A text that a spreadsheet would run has a `'` before it."""
    yield _line(COLUMNS)
    for entry in report.entries():
        found = entry.finding
        texts = (entry.node, entry.agent, found.severity.value, found.rule, found.file or "")
        rest = (found.message, found.remediation or "", found.cwe or "", found.confidence.value, found.snippet or "")
        yield _line(
            [*map(_inert, texts), found.line or "", found.column or "", *map(_inert, rest), _inert(found.fingerprint)]
        )


def _line(cells: Sequence[str | int]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerow(cells)
    return stream.getvalue()


def _inert(text: str) -> str:
    shown = plain.line(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
