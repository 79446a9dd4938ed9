"""Brackets in brackets, until a parser's stack is full."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

from agents.probes.answers import result
from agents.probes.interface import Ending, ProbeParams, RawProbe


class DeepJson(RawProbe):
    """Answer with 400,000 brackets in brackets."""

    name: ClassVar[str] = "deep-json"
    tries: ClassVar[str] = "answer with 400,000 brackets in brackets"
    holds: ClassVar[str] = "the contract: strict JSON, one line, checked before anything reads it"
    endings = frozenset({Ending.REFUSED})

    def speak(self, out: BinaryIO, place: ProbeParams) -> None:
        """One line, unless the point is another."""
        depth = 400_000
        out.write(result(b"[" * depth + b"]" * depth))
