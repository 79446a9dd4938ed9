"""A run's progress: one line per node, redrawn in place; plain lines where there is no terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from flows.service import RunState

if TYPE_CHECKING:
    from flows.service import Progress, RunHandle, Runs

_MARKS = {
    RunState.COMPLETED: Text("✓", style="green"),
    RunState.FAILED: Text("✗", style="red"),
    RunState.CANCELLED: Text("-", style="yellow"),
}


def follow(known: Runs, handle: RunHandle) -> RunHandle:
    """Show `handle` until it ends or waits for people, and return it as it is then."""
    console = Console(stderr=True)
    last: RunHandle = handle
    if not console.is_terminal:
        return _plain(known, handle, console)
    spinners: dict[str, Spinner] = {}
    with Live(console=console, refresh_per_second=8, transient=True) as live:
        for progress in known.watch(handle.id):
            last = progress.run
            live.update(_view(progress, spinners))
    return last


def _plain(known: Runs, handle: RunHandle, console: Console) -> RunHandle:
    """For logs: a line when something changes."""
    last, said, waits_for = handle, dict[str, RunState](), ""
    console.print(f"{handle.name}: {handle.workflow} over {handle.repository}", markup=False, highlight=False)
    for progress in known.watch(handle.id):
        last = progress.run
        if progress.waits_for and progress.waits_for != waits_for:
            console.print(f"  waiting: {progress.waits_for}", markup=False, highlight=False, soft_wrap=True)
        waits_for = progress.waits_for
        for node, state in sorted(progress.nodes.items()):
            if said.get(node) is not state:
                console.print(f"  {node}: {state.value}", markup=False, highlight=False)
                said[node] = state
    return last


def _view(progress: Progress, spinners: dict[str, Spinner]) -> Table:
    table = Table.grid(padding=(0, 1))
    title = f"{progress.run.name}: {progress.run.workflow} over {progress.run.repository}"
    table.add_row(_mark("", progress.run.state, spinners), Text(title))
    if progress.waits_for:
        table.add_row("", Text(f"waiting: {progress.waits_for}", style="yellow"))
    for node, state in sorted(progress.nodes.items()):
        table.add_row(_mark(node, state, spinners), Text(f"{node}  {state.value}"))
    return table


def _mark(key: str, state: RunState, spinners: dict[str, Spinner]) -> Text | Spinner:
    if state in _MARKS:
        return _MARKS[state]
    # A spinner keeps its phase only while it stays the same object.
    return spinners.setdefault(key, Spinner("dots"))
