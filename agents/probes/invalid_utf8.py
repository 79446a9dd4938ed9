"""Bytes that are no text."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

from agents.probes.answers import result
from agents.probes.interface import Ending, ProbeParams, RawProbe


class InvalidUtf8(RawProbe):
    """Answer with bytes that are not UTF-8."""

    name: ClassVar[str] = "invalid-utf8"
    tries: ClassVar[str] = "answer with bytes that are not UTF-8"
    holds: ClassVar[str] = "the contract: strict JSON, one line, checked before anything reads it"
    endings = frozenset({Ending.REFUSED})

    def speak(self, out: BinaryIO, place: ProbeParams) -> None:
        """One line, unless the point is another."""
        out.write(result(b'{"said": "\xff\xfe\xc0\x80"}'))
