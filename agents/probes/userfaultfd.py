"""Handling page faults oneself: what kernel exploits win their races with."""

from __future__ import annotations

from typing import ClassVar

from agents.probes.calls import call
from agents.probes.interface import Probe, ProbeParams, Seen

CALLS: tuple[tuple[str, str, tuple[int | bytes | None, ...]], ...] = (
    ("opened a userfaultfd", "userfaultfd", (0,)),
    ("opened a userfaultfd for user faults", "userfaultfd", (1,)),
)
"""What it would have done, the call, and arguments that do no harm if they arrive."""


class Userfaultfd(Probe):
    """userfaultfd."""

    name: ClassVar[str] = "userfaultfd"
    tries: ClassVar[str] = "handle page faults in user space, as kernel exploits do"
    holds: ClassVar[str] = "seccomp"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """None of them may get further than the filter."""
        for what, name, arguments in CALLS:
            seen.call(what, call, name, *arguments)
