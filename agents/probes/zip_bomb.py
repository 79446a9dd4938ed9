"""An archive of kilobytes that unpacks to more than there is."""

from __future__ import annotations

import io
import signal
import tempfile
import zipfile
from pathlib import Path
from typing import ClassVar

from agents.probes.filling import MIB
from agents.probes.interface import LIMITS, Probe, ProbeParams, Seen


class ZipBomb(Probe):
    """Zeros, packed, and unpacked into /tmp."""

    name: ClassVar[str] = "zip-bomb"
    tries: ClassVar[str] = "unpack a small archive to four times the size of /tmp"
    holds: ClassVar[str] = "size of the tmpfs, limit of a file's size"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """As a careless agent would."""
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(4):
                with archive.open(f"bomb-{number}", "w") as member:
                    for _ in range(LIMITS.tmp_mb):
                        member.write(bytes(MIB))
        with tempfile.TemporaryDirectory() as folder:
            seen.attempt(f"unpacked {4 * LIMITS.tmp_mb} MiB", zipfile.ZipFile(packed).extractall, folder)
            size = sum(path.stat().st_size for path in Path(folder).iterdir())
        seen.refused(f"{size // MIB} MiB of {len(packed.getvalue()) // 1024} KiB")
