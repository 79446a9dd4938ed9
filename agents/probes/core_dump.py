"""A crash that leaves a copy of its memory, or starts the machine's crash handler."""

from __future__ import annotations

import os
import resource
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen


class CoreDump(Probe):
    """A child that aborts."""

    name: ClassVar[str] = "core-dump"
    tries: ClassVar[str] = "crash with a core dump"
    holds: ClassVar[str] = "core limit of one byte, which crash handlers obey, too"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """The kernel tells the parent whether a core was written."""
        pid = os.fork()
        if pid == 0:
            os.chdir(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 — the container's own
            os.abort()
        status = os.waitpid(pid, 0)[1]
        if os.WCOREDUMP(status):
            seen.escaped("a core was dumped")
        else:
            seen.refused("no core")
        most = resource.getrlimit(resource.RLIMIT_CORE)[1]
        if most not in (0, 1):
            seen.escaped(f"its core limit is {most} bytes")
        else:
            seen.refused(f"limit of {most} bytes")
