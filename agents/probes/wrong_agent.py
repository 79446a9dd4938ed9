"""An answer in another agent's name."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

from agents.probes.answers import result
from agents.probes.interface import Ending, ProbeParams, RawProbe


class WrongAgent(RawProbe):
    """Answer in another agent's name."""

    name: ClassVar[str] = "wrong-agent"
    tries: ClassVar[str] = "answer in another agent's name"
    holds: ClassVar[str] = "the contract: strict JSON, one line, checked before anything reads it"
    endings = frozenset({Ending.REFUSED})

    def speak(self, out: BinaryIO, place: ProbeParams) -> None:
        """One line, unless the point is another."""
        out.write(result(b"{}").replace(b'"probes"', b'"patcher"'))
