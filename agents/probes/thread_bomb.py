"""Threads count as processes do."""

from __future__ import annotations

import threading
from typing import ClassVar

from agents.probes.interface import LIMITS, Probe, ProbeParams, Seen


class ThreadBomb(Probe):
    """Three times as many as it may have processes."""

    name: ClassVar[str] = "thread-bomb"
    tries: ClassVar[str] = "start three times as many threads as its limit of processes"
    holds: ClassVar[str] = "pids limit"
    alone = True

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """They wait until all are counted."""
        over = threading.Event()
        started = 0
        try:
            for _ in range(3 * LIMITS.pids):
                threading.Thread(target=over.wait, daemon=True).start()
                started += 1
        except RuntimeError as error:
            seen.refused(f"{started} threads, then: {error}")
        else:
            seen.escaped(f"started {started} threads, its limit is {LIMITS.pids}")
        finally:
            over.set()
