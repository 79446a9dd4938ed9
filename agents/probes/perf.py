"""Performance counters: a way to watch other processes, with a long list of kernel bugs."""

from __future__ import annotations

from typing import ClassVar

from agents.probes.calls import call
from agents.probes.interface import Probe, ProbeParams, Seen

CALLS: tuple[tuple[str, str, tuple[int | bytes | None, ...]], ...] = (
    ("opened a counter", "perf_event_open", (0, 0, -1, -1, 0)),
)
"""What it would have done, the call, and arguments that do no harm if they arrive."""


class Perf(Probe):
    """perf_event_open."""

    name: ClassVar[str] = "perf"
    tries: ClassVar[str] = "open performance counters"
    holds: ClassVar[str] = "seccomp"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """None of them may get further than the filter."""
        for what, name, arguments in CALLS:
            seen.call(what, call, name, *arguments)
