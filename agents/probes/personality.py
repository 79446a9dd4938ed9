"""Ways to run that weaken memory protection."""

from __future__ import annotations

from typing import ClassVar

from agents.probes.calls import call
from agents.probes.interface import Probe, ProbeParams, Seen

CALLS: tuple[tuple[str, str, tuple[int | bytes | None, ...]], ...] = (
    ("made readable memory executable", "personality", (0x0400000,)),
    ("turned address randomisation off", "personality", (0x0040000,)),
    ("let the zero page be mapped", "personality", (0x0100000,)),
)
"""What it would have done, the call, and arguments that do no harm if they arrive."""


class Personality(Probe):
    """personality with two of its flags."""

    name: ClassVar[str] = "personality"
    tries: ClassVar[str] = "turn address randomisation off, make all readable memory executable"
    holds: ClassVar[str] = "seccomp"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """None of them may get further than the filter."""
        for what, name, arguments in CALLS:
            seen.call(what, call, name, *arguments)
