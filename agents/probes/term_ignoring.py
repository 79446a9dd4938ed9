"""A loop that no signal ends."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from typing import BinaryIO, ClassVar

from agents.probes.interface import Ending, ProbeParams, RawProbe


class TermIgnoring(RawProbe):
    """Ignores what can be ignored and computes."""

    name: ClassVar[str] = "term-ignoring-loop"
    tries: ClassVar[str] = "compute for ever, deaf to every signal that can be ignored"
    holds: ClassVar[str] = "the hub's clock, and a kill through the engine's API"
    endings = frozenset({Ending.TIME})

    def speak(self, out: BinaryIO, place: ProbeParams) -> None:
        """For half a minute at most."""
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            with suppress(OSError):
                signal.signal(number, signal.SIG_IGN)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            sum(range(100_000))
