"""More processes than the machine can bear."""

from __future__ import annotations

import os
import signal
from typing import ClassVar

from agents.probes.interface import LIMITS, Probe, ProbeParams, Seen


class ForkBomb(Probe):
    """Three times as many as it may have, which wait and are ended."""

    name: ClassVar[str] = "fork-bomb"
    tries: ClassVar[str] = "start three times as many processes as its limit"
    holds: ClassVar[str] = "pids limit"
    alone = True

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """Counts how many live at once."""
        children: list[int] = []
        try:
            for _ in range(3 * LIMITS.pids):
                pid = os.fork()
                if pid == 0:
                    signal.alarm(20)  # ends by itself where nothing else ends it
                    signal.pause()
                    os._exit(0)
                children.append(pid)
        except OSError as error:
            seen.refused(f"{len(children)} processes, then {error.strerror}")
        else:
            seen.escaped(f"started {len(children)} processes, its limit is {LIMITS.pids}")
        finally:
            for pid in children:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
