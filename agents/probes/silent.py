"""An agent that ends without an answer."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

from agents.probes.interface import Ending, ProbeParams, RawProbe


class Silent(RawProbe):
    """Says nothing and ends."""

    name: ClassVar[str] = "no-answer"
    tries: ClassVar[str] = "end without an answer, with status 0"
    holds: ClassVar[str] = "the contract: one line, or a failed node"
    endings = frozenset({Ending.REFUSED})

    def speak(self, out: BinaryIO, place: ProbeParams) -> None:
        """Nothing at all."""
        out.flush()
