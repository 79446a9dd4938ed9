"""Two answers, the second to replace the first."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

from agents.probes.answers import result
from agents.probes.interface import Ending, ProbeParams, RawProbe


class AnswersTwice(RawProbe):
    """Answer twice."""

    name: ClassVar[str] = "answers-twice"
    tries: ClassVar[str] = "answer twice"
    holds: ClassVar[str] = "the contract: strict JSON, one line, checked before anything reads it"
    endings = frozenset({Ending.REFUSED})

    def speak(self, out: BinaryIO, place: ProbeParams) -> None:
        """One line, unless the point is another."""
        out.write(result(b'{"files_scanned": 1}') + result(b'{"files_scanned": 2}'))
