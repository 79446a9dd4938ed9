"""The same key twice: which one counts depends on the reader."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

from agents.probes.answers import result
from agents.probes.interface import Ending, ProbeParams, RawProbe


class DuplicateKeys(RawProbe):
    """Answer with the same key twice, and with 50,000 equal ones."""

    name: ClassVar[str] = "duplicate-keys"
    tries: ClassVar[str] = "answer with the same key twice, and with 50,000 equal ones"
    holds: ClassVar[str] = "the contract: strict JSON, one line, checked before anything reads it"
    endings = frozenset({Ending.REFUSED})

    def speak(self, out: BinaryIO, place: ProbeParams) -> None:
        """One line, unless the point is another."""
        out.write(result(b'{"files_scanned": 1, ' + b'"files_scanned": 2, ' * 50_000 + b'"files_scanned": 3}'))
