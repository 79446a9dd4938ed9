"""Rows under each other, in columns as wide as what is in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import typer


def print_rows(rows: Iterable[Sequence[str]]) -> None:
    """Print rows of as many cells each, the head among them, two blanks between columns."""
    found = list(rows)
    widths = [max(map(len, column)) for column in zip(*found, strict=True)]
    for row in found:
        typer.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
