"""The flow with a trap in it: the first process that comes to the point named by CRASH_AT is killed there, with SIGKILL.

With HOLD_UNTIL it holds on there instead, until there is a file of that name, which it removes.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

from flows.approvals import Ledger
from flows.execution import changes
from flows.execution.gates import Gates
from flows.execution.pauses import Pauses
from flows.execution.tasks import Tasks
from flows.reports import archive
from flows.run_workflow import run_workflow

__all__ = ["run_workflow"]


HOLD_SECONDS = 120.0


class Point(StrEnum):
    """Where a process can be killed, in the order in which a run comes there."""

    PLANNED = "the agent has planned, nobody was asked"
    ASKED = "the gate is in the ledger, nothing else knows of it"
    PAUSED = "the run is paused"
    BEFORE_SUSPENDED = "the run is about to be suspended"
    SUSPENDED = "the run is suspended, its process still there"
    DECIDED = "people have decided, nothing was done about it"
    BEFORE_INTENT = "the change is about to be written"
    INTENT = "the intent is in the ledger, the change is not written"
    WRITTEN = "the branch is there, the ledger does not say so"
    NOTED = "the ledger says that it was written"
    APPLIED = "the apply task is submitted"
    ENDED = "the run's report is kept, Prefect does not know its end"


_TRAPS: dict[Point, tuple[Any, str, bool]] = {
    Point.PLANNED: (Ledger, "request", False),
    Point.ASKED: (Ledger, "request", True),
    Point.PAUSED: (Pauses, "rest", True),
    Point.BEFORE_SUSPENDED: (Pauses, "suspend", False),
    Point.SUSPENDED: (Pauses, "suspend", True),
    Point.DECIDED: (Gates, "_act", False),
    Point.BEFORE_INTENT: (Ledger, "intend_apply", False),
    Point.INTENT: (Ledger, "intend_apply", True),
    Point.WRITTEN: (changes, "apply", True),
    Point.NOTED: (Ledger, "applied", True),
    Point.APPLIED: (Tasks, "apply", True),
    Point.ENDED: (archive, "save", True),
}
"""What is called there, and whether it has done its work when the process is killed."""


def _trapped(real: Callable[..., Any], marker: Path, *, after: bool) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return real(*arguments, **named) if after else None
        finally:
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    return call


def _held(real: Callable[..., Any], marker: Path, go_on: Path, *, after: bool) -> Callable[..., Any]:
    def hold() -> None:
        if marker.exists():
            return
        marker.touch()
        end = time.monotonic() + HOLD_SECONDS
        while not go_on.exists():
            if time.monotonic() > end:
                raise TimeoutError(f"nobody made {go_on}")
            time.sleep(0.05)
        go_on.unlink()  # which tells that it goes on

    def call(*arguments: Any, **named: Any) -> Any:
        if not after:
            hold()
        done = real(*arguments, **named)
        if after:
            hold()
        return done

    return call


def _arm() -> None:
    marker = Path(os.environ["CRASH_ONCE"])
    if not marker.exists():
        owner, name, after = _TRAPS[Point(os.environ["CRASH_AT"])]
        real, go_on = getattr(owner, name), os.environ.get("HOLD_UNTIL")
        trap = _held(real, marker, Path(go_on), after=after) if go_on else _trapped(real, marker, after=after)
        setattr(owner, name, trap)


if "CRASH_AT" in os.environ:
    _arm()
