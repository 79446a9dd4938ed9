"""A run as one HTML page: nothing loaded, no script, every text escaped by the template engine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from agents.contract.schema import Severity
from flows.reports import plain, view
from flows.reports.index import Index

OPEN_UP_TO = 50
"""A rule with more findings starts folded, so that a long report opens as an overview."""


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("flows.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["line"] = plain.line
    return environment.get_template("report.html.j2")


def render(index: Index) -> Iterator[str]:
    """The whole run as a page that opens from disk, in light and dark, with and without a pointer."""
    report, groups = index.head, view.groups(index)
    return _template().generate(
        report=report,
        view=view,
        header=view.header(report),
        link=view.link(report),
        troubles=view.troubles(report),
        severities=list(Severity),
        totals=report.summary.model_dump(),
        groups={severity: [g for g in groups if g.severity is severity] for severity in Severity},
        note_groups=view.note_groups(index),
        open_up_to=OPEN_UP_TO,
    )
