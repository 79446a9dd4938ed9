"""io_uring: system calls that no filter sees."""

from __future__ import annotations

from typing import ClassVar

from agents.probes.calls import call
from agents.probes.interface import Probe, ProbeParams, Seen

CALLS: tuple[tuple[str, str, tuple[int | bytes | None, ...]], ...] = (
    ("made a ring", "io_uring_setup", (8, 0)),
    ("entered a ring", "io_uring_enter", (-1, 0, 0, 0, 0)),
    ("registered with a ring", "io_uring_register", (-1, 0, 0, 0)),
)
"""What it would have done, the call, and arguments that do no harm if they arrive."""


class IoUring(Probe):
    """The three calls."""

    name: ClassVar[str] = "io-uring"
    tries: ClassVar[str] = "make system calls through io_uring, past the filter"
    holds: ClassVar[str] = "seccomp"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """None of them may get further than the filter."""
        for what, name, arguments in CALLS:
            seen.call(what, call, name, *arguments)
