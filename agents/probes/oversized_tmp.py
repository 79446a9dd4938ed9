"""A file larger than all of /tmp."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import ClassVar

from agents.probes.filling import MIB, fill
from agents.probes.interface import LIMITS, Probe, ProbeParams, Seen


class OversizedTmp(Probe):
    """Writes twice the size of /tmp into one file."""

    name: ClassVar[str] = "oversized-tmp"
    tries: ClassVar[str] = "write a file twice as large as /tmp may be"
    holds: ClassVar[str] = "size of the tmpfs, limit of a file's size"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """Stops at twice the size."""
        with tempfile.TemporaryDirectory() as folder:
            written = fill(Path(folder, "large"), 2 * LIMITS.tmp_mb * MIB)
        told = f"wrote {written // MIB} of {2 * LIMITS.tmp_mb} MiB"
        seen.refused(told) if written <= LIMITS.tmp_mb * MIB else seen.escaped(told)
