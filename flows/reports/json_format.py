"""The run as JSON: the fields of RunReport, in their order, every finding in it."""

from __future__ import annotations

from flows.reports import plain
from flows.reports.schema import RunReport


def render(report: RunReport) -> str:
    """JSON that `RunReport.model_validate_json` reads back; addresses in it carry no credentials."""
    repository = plain.address(report.repository) or report.repository
    shown = report.model_copy(update={"repository": repository})
    return plain.inert_json(shown.model_dump_json(indent=2)) + "\n"
