"""The visitor's way to the runs: the Prefect server that this machine uses, never a new one."""

from __future__ import annotations

from flows.service import Caller, LocalServices, Runs, Via
from flows.settings import Settings
from ui.page.visitor import Visitor


def runs_of(settings: Settings, visitor: Visitor) -> Runs:
    """Runs on behalf of `visitor`. Raises UnavailableError, which says how to start a server, where none is there."""
    LocalServices(settings).use(lambda _said: None, start=False)
    # No patience: a page looks again by itself, and shall say at once why a run does not begin.
    return Runs(settings, Caller(name=visitor.name, via=Via.PAGE, workspace=visitor.workspace), patience=0)
