"""The formats a run's report can be had in. Adding one is adding its line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum

from flows.reports import csv_format, cyclonedx, html_format, json_format, markdown, sarif, text
from flows.reports.index import Index

_PIECE = 64 * 1024
"""Characters, about, that are handed on together: a line each would cost more than making it."""


class Format(StrEnum):
    """The name of a format, as `dockyard report --format` takes it."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    HTML = "html"
    CSV = "csv"
    CYCLONEDX = "cyclonedx"


_RENDERERS: dict[Format, Callable[[Index], Iterator[str]]] = {
    Format.TEXT: text.render,
    Format.JSON: json_format.render,
    Format.MARKDOWN: markdown.render,
    Format.SARIF: sarif.render,
    Format.HTML: html_format.render,
    Format.CSV: csv_format.render,
    Format.CYCLONEDX: cyclonedx.render,
}


def render(report: Index, format: Format) -> Iterator[str]:  # noqa: A002 — the word users know it by
    """The whole report in `format`, ending with a line break, in pieces: however long it is, little of it is in memory."""
    some, size = list[str](), 0
    for piece in _RENDERERS[format](report):
        some.append(piece)
        size += len(piece)
        if size >= _PIECE:
            yield "".join(some)
            some, size = [], 0
    yield "".join(some)
