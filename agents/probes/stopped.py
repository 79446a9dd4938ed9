"""An agent that stops itself, so that it can't be asked to end."""

from __future__ import annotations

import os
import signal
import time
from typing import BinaryIO, ClassVar

from agents.probes.interface import Ending, ProbeParams, RawProbe


class Stopped(RawProbe):
    """SIGSTOP to itself."""

    name: ClassVar[str] = "stops-itself"
    tries: ClassVar[str] = "stop itself, so that no signal but one arrives"
    holds: ClassVar[str] = "the hub's clock, and a kill through the engine's API"
    endings = frozenset({Ending.TIME})

    def speak(self, out: BinaryIO, place: ProbeParams) -> None:
        """Half a minute more, should somebody wake it."""
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(30)
