"""Every byte of /tmp, in many files, and going on afterwards."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import ClassVar

from agents.probes.filling import MIB, fill
from agents.probes.interface import LIMITS, Probe, ProbeParams, Seen


class FullTmp(Probe):
    """Fills /tmp, then answers as if nothing were."""

    name: ClassVar[str] = "full-tmp"
    tries: ClassVar[str] = "fill /tmp with many files to twice its size, then answer"
    holds: ClassVar[str] = "size of the tmpfs, which is memory of the container"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """Stops at twice the size."""
        with tempfile.TemporaryDirectory() as folder:
            written = sum(fill(Path(folder, str(number)), MIB) for number in range(2 * LIMITS.tmp_mb))
        told = f"wrote {written // MIB} of {2 * LIMITS.tmp_mb} MiB"
        seen.refused(told) if written <= LIMITS.tmp_mb * MIB else seen.escaped(told)
