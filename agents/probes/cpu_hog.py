"""Processors without end."""

from __future__ import annotations

import os
import time
from typing import ClassVar

from agents.contract.manifest import Limits
from agents.probes.interface import LIMITS, Probe, ProbeParams, Seen


class CpuHog(Probe):
    """Four processes that compute for two seconds."""

    name: ClassVar[str] = "cpu-hog"
    tries: ClassVar[str] = "use more processor time than its share, in four processes"
    holds: ClassVar[str] = "CPU quota"
    alone = True
    share: ClassVar[float] = 0.25
    limits: ClassVar[Limits] = LIMITS.model_copy(update={"cpus": share})

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """Compares what they used with the time that passed."""
        begin, used = time.monotonic(), os.times()
        children = []
        for _ in range(4):
            pid = os.fork()
            if pid == 0:
                while time.monotonic() - begin < 2:
                    sum(range(1000))
                os._exit(0)
            children.append(pid)
        for pid in children:
            os.waitpid(pid, 0)
        now = os.times()
        spent = now.children_user + now.children_system - used.children_user - used.children_system
        ratio = spent / (time.monotonic() - begin)
        told = f"{ratio:.2f} processors, its share is {self.share:g}"
        # A period of 0.1 s at each end can be used up whole.
        seen.refused(told) if ratio <= self.share * 1.5 else seen.escaped(told)
