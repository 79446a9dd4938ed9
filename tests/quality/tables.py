"""The figures as tables, and the misses as lists."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.quality.scoring import Figures, Score

HEADINGS = ("right", "false", "missed", "precision", "recall", "F1", "look-alikes")


def agent_table(agent: str, score: Score) -> Table:
    """Figures of one agent, kind by kind, and in all."""
    table = _table(agent, "kind of problem")
    for kind, figures in score.by_kind().items():
        table.add_row(kind, *_cells(figures))
    table.add_section()
    table.add_row("total", *_cells(score.total()), style="bold")
    return table


def comparison_table(title: str, rows: list[tuple[str, Figures]]) -> Table:
    """Several tools over the same labels."""
    table = _table(title, "tool")
    for name, figures in rows:
        table.add_row(name, *_cells(figures))
    return table


def misses(console: Console, agent: str, score: Score) -> None:
    """Every false alarm and every miss, one per line."""
    for alarm in score.false:
        console.print(f"{agent} false   {escape(alarm.place)} {alarm.kind} ({escape(alarm.rule)})", soft_wrap=True)
    for label in score.missed:
        console.print(f"{agent} missed  {escape(label.place)} {'|'.join(label.kinds)}", soft_wrap=True)


def _table(title: str, first: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column(first)
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    return table


def _cells(figures: Figures) -> tuple[str, ...]:
    shares = (figures.precision, figures.recall, figures.f1)
    return (
        *(str(count) for count in (figures.right, figures.false, figures.missed)),
        *("-" if share is None else f"{share:.2f}" for share in shares),
        str(figures.look_alikes),
    )
