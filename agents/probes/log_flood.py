"""A log without end, on the engine's disk or in the hub."""

from __future__ import annotations

import os
import sys
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen


class LogFlood(Probe):
    """64 MiB of lines on standard error, then the answer."""

    name: ClassVar[str] = "stored-log-flood"
    tries: ClassVar[str] = "write 64 MiB to its log"
    holds: ClassVar[str] = "the engine stores no log; the hub passes on a set number of bytes"
    alone = True

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """The hub counts what arrives in its log."""
        lines = b"a line of a flood that nobody wants to read, over and over again\n" * 1024
        for _ in range(64 * 1024 * 1024 // len(lines)):
            try:
                os.write(sys.stderr.fileno(), lines)
            except OSError as error:
                seen.refused(f"the log takes no more: {error.strerror}")
                return
        seen.refused("64 MiB written, and the hub passed on no more than it should")
