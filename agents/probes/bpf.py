"""Programs in the kernel."""

from __future__ import annotations

from typing import ClassVar

from agents.probes.calls import call
from agents.probes.interface import Probe, ProbeParams, Seen

CALLS: tuple[tuple[str, str, tuple[int | bytes | None, ...]], ...] = (
    ("loaded a program", "bpf", (5, 0, 0)),
    ("made a map", "bpf", (0, 0, 0)),
)
"""What it would have done, the call, and arguments that do no harm if they arrive."""


class Bpf(Probe):
    """The bpf call."""

    name: ClassVar[str] = "bpf"
    tries: ClassVar[str] = "load a program into the kernel, make a map"
    holds: ClassVar[str] = "seccomp"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """None of them may get further than the filter."""
        for what, name, arguments in CALLS:
            seen.call(what, call, name, *arguments)
