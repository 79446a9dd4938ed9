"""The formats a run's report can be had in. Adding one is adding its line here."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from flows.reports import csv_format, cyclonedx, html_format, json_format, markdown, sarif, text
from flows.reports.schema import RunReport


class Format(StrEnum):
    """The name of a format, as `dockyard report --format` takes it."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    HTML = "html"
    CSV = "csv"
    CYCLONEDX = "cyclonedx"


_RENDERERS: dict[Format, Callable[[RunReport], str]] = {
    Format.TEXT: text.render,
    Format.JSON: json_format.render,
    Format.MARKDOWN: markdown.render,
    Format.SARIF: sarif.render,
    Format.HTML: html_format.render,
    Format.CSV: csv_format.render,
    Format.CYCLONEDX: cyclonedx.render,
}


def render(report: RunReport, format: Format) -> str:  # noqa: A002 — the word users know it by
    """The whole report in `format`, ending with a line break."""
    return _RENDERERS[format](report)
