"""A process that stays when the agent has answered."""

from __future__ import annotations

import subprocess
import sys
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen


class LeftoverProcess(Probe):
    """A daemon of its own session that holds standard output open."""

    name: ClassVar[str] = "leftover-process"
    tries: ClassVar[str] = "leave a process behind that outlives the answer"
    holds: ClassVar[str] = "process 1 of the container ends, and all with it"
    alone = True
    seconds: ClassVar[int] = 60

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """The hub looks for it afterwards, by a token in its command line."""
        program = f"import time; time.sleep({self.seconds})"
        subprocess.Popen(
            [sys.executable, "-c", program, f"left-{place.token}"], stdin=subprocess.DEVNULL, start_new_session=True
        )
        seen.refused("left a process")
