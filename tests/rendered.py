"""Reports as tests look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agents.contract.schema import Finding
from flows.reports.index import Index
from flows.reports.index_file import opened
from flows.reports.schema import RunReport


def rendering(render: Callable[[Index], Iterator[str]], report: RunReport) -> str:
    """The report as `render` writes it."""
    with opened(report) as index:
        return "".join(render(index))


def findings_of(report: RunReport) -> list[tuple[str, Finding]]:
    """Every finding with its node's name, the worst first, then by place."""
    with opened(report) as index:
        return [(entry.node, entry.finding) for entry in index.entries()]
