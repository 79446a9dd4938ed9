"""More memory than it may have, in several processes."""

from __future__ import annotations

import os
import signal
import time
from typing import ClassVar

from agents.probes.interface import LIMITS, Ending, Probe, ProbeParams, Seen


class MemoryBomb(Probe):
    """Four processes that together hold twice the limit."""

    name: ClassVar[str] = "memory-bomb"
    tries: ClassVar[str] = "hold twice its memory, spread over four processes"
    holds: ClassVar[str] = "memory limit without swap, for the container as a whole"
    alone = True
    endings = frozenset({Ending.REPORT, Ending.OUT_OF_MEMORY})

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """A process that the kernel ends is the limit at work."""
        each = LIMITS.memory_mb // 2
        reader, writer = os.pipe()
        children: list[int] = []
        for _ in range(4):
            pid = os.fork()
            if pid == 0:
                os.close(reader)
                signal.alarm(30)
                try:
                    held = bytearray(each * 1024 * 1024)
                    held[:: os.sysconf("SC_PAGE_SIZE")] = b"x" * len(range(0, len(held), os.sysconf("SC_PAGE_SIZE")))
                except MemoryError:
                    os._exit(1)
                os.write(writer, b".")
                signal.pause()
                os._exit(0)
            children.append(pid)
        os.close(writer)
        os.set_blocking(reader, False)
        held_by, ended, end = 0, 0, time.monotonic() + 20
        while held_by + ended < len(children) and time.monotonic() < end:
            try:
                held_by += len(os.read(reader, 16))
            except BlockingIOError:
                time.sleep(0.02)
            gone = [pid for pid in children if os.waitpid(pid, os.WNOHANG)[0]]
            ended += len(gone)
            children = [pid for pid in children if pid not in gone]
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        if ended:
            seen.refused(f"{ended} of 4 processes were ended")
        else:
            seen.escaped(f"held {held_by * each} MiB, its limit is {LIMITS.memory_mb}")
