"""A million files: each costs the kernel memory, however small it is."""

from __future__ import annotations

import os
import tempfile
from typing import ClassVar

from agents.probes.interface import LIMITS, Probe, ProbeParams, Seen


class ManyFiles(Probe):
    """Empty files, until it is refused or has four times its number."""

    name: ClassVar[str] = "many-files"
    tries: ClassVar[str] = "make files without end (a million, or four times what /tmp may hold)"
    holds: ClassVar[str] = "number of the tmpfs's inodes"
    per_mib: ClassVar[int] = 256

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """One that is refused is enough."""
        most = LIMITS.tmp_mb * self.per_mib
        made = 0
        with tempfile.TemporaryDirectory() as folder:
            try:
                while made < 4 * most:
                    os.close(os.open(f"{folder}/{made}", os.O_WRONLY | os.O_CREAT))
                    made += 1
            except OSError as error:
                seen.refused(f"{made} files, then {error.strerror}")
        if made > most:
            seen.escaped(f"made {made} files, its limit is {most}")
