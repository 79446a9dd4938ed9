"""A gate on the terminal: everything a person should know before deciding, then the exact change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import typer
from rich.console import Console

from flows.service.approvals import Gate
from flows.service.gate_text import BRIEF, Part, brief, diff_lines, facts

Paint = Callable[..., str]

_STYLES: dict[Part, dict[str, str | bool]] = {
    Part.HEAD: {"bold": True},
    Part.PLACE: {"fg": "cyan"},
    Part.ADDED: {"fg": "green"},
    Part.REMOVED: {"fg": "red"},
    Part.CONTEXT: {},
}


def show_gate(gate: Gate, console: Console, *, diff: bool = True) -> None:
    """Print the request, what was said, and the diff.

    Nothing is broken, and no tab becomes blanks, which rich would make of it: what is copied is what is there.
    """
    paint: Paint = typer.style if console.is_terminal and not console.no_color else _unpainted
    known = facts(gate, datetime.now(UTC))
    width = max(len(fact.label) for fact in known)
    for fact in known:
        for index, line in enumerate(fact.lines):
            label = fact.label if index == 0 else ""
            typer.echo(f"{paint(label.ljust(width), bold=True)}  {line}".rstrip())
    if diff and gate.request.diff:
        typer.echo()
        for shown in diff_lines(gate):
            typer.echo(paint(shown.text, **_STYLES[shown.part]))


def gate_rows(gates: tuple[Gate, ...]) -> tuple[str, ...]:
    """Gates as lines with headings."""
    now = datetime.now(UTC)
    rows = [BRIEF, *(brief(gate, now) for gate in gates)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return tuple("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _unpainted(text: str, **_style: str | bool) -> str:
    return text
