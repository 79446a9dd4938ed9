"""A gate on the terminal: everything a person should know before deciding, then the exact change."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

from flows.service.approvals import Gate
from flows.service.gate_text import BRIEF, Part, brief, diff_lines, facts

_STYLES = {
    Part.HEAD: "bold",
    Part.PLACE: "cyan",
    Part.ADDED: "green",
    Part.REMOVED: "red",
    Part.CONTEXT: "",
}


def show_gate(gate: Gate, console: Console, *, diff: bool = True) -> None:
    """Print the request, what was said, and the diff. No line is broken: what is copied is what was there."""
    now = datetime.now(UTC)
    width = max(len(fact.label) for fact in facts(gate, now))
    for fact in facts(gate, now):
        for index, line in enumerate(fact.lines):
            label = fact.label if index == 0 else ""
            _line(console, Text.assemble((label.ljust(width), "bold"), "  ", line))
    if diff and gate.request.diff:
        _line(console, Text())
        for shown in diff_lines(gate):
            _line(console, Text(shown.text, style=_STYLES[shown.part]))


def gate_rows(gates: tuple[Gate, ...]) -> tuple[str, ...]:
    """Gates as lines with headings."""
    now = datetime.now(UTC)
    rows = [BRIEF, *(brief(gate, now) for gate in gates)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return tuple("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _line(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True, highlight=False)
