"""Numbers that JSON has none of, or that become infinite."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

from agents.probes.answers import result
from agents.probes.interface import Ending, ProbeParams, RawProbe


class InfiniteNumbers(RawProbe):
    """Answer with 1e999, Infinity and NaN."""

    name: ClassVar[str] = "infinite-numbers"
    tries: ClassVar[str] = "answer with 1e999, Infinity and NaN"
    holds: ClassVar[str] = "the contract: strict JSON, one line, checked before anything reads it"
    endings = frozenset({Ending.REFUSED})

    def speak(self, out: BinaryIO, place: ProbeParams) -> None:
        """One line, unless the point is another."""
        out.write(result(b'{"values": [1e999, Infinity, NaN]}'))
