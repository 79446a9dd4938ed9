"""Numbers that take for ever to read."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

from agents.probes.answers import result
from agents.probes.interface import Ending, ProbeParams, RawProbe


class HugeNumbers(RawProbe):
    """Answer with a number of 900,000 digits."""

    name: ClassVar[str] = "huge-numbers"
    tries: ClassVar[str] = "answer with a number of 900,000 digits"
    holds: ClassVar[str] = "the contract: strict JSON, one line, checked before anything reads it"
    endings = frozenset({Ending.REFUSED})

    def speak(self, out: BinaryIO, place: ProbeParams) -> None:
        """One line, unless the point is another."""
        out.write(result(b'{"files_scanned": ' + b"9" * 900_000 + b"}"))
