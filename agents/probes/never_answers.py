"""An agent that never answers."""

from __future__ import annotations

import time
from typing import BinaryIO, ClassVar

from agents.probes.interface import Ending, ProbeParams, RawProbe


class NeverAnswers(RawProbe):
    """Sleeps."""

    name: ClassVar[str] = "never-answers"
    tries: ClassVar[str] = "read the request and say nothing, for ever"
    holds: ClassVar[str] = "the hub's clock"
    endings = frozenset({Ending.TIME})

    def speak(self, out: BinaryIO, place: ProbeParams) -> None:
        """For half a minute at most."""
        time.sleep(30)
