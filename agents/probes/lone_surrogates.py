"""Halves of characters, which no output can write."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

from agents.probes.answers import result
from agents.probes.interface import Ending, ProbeParams, RawProbe


class LoneSurrogates(RawProbe):
    """Answer with half a surrogate pair."""

    name: ClassVar[str] = "lone-surrogates"
    tries: ClassVar[str] = "answer with half a surrogate pair"
    holds: ClassVar[str] = "the contract: strict JSON, one line, checked before anything reads it"
    endings = frozenset({Ending.REFUSED})

    def speak(self, out: BinaryIO, place: ProbeParams) -> None:
        """One line, unless the point is another."""
        out.write(result(b'{"said": "\\ud800"}'))
