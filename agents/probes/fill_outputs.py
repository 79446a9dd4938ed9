"""Every place that can be written: shared memory, queues, devices, the working folder."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from agents.probes.filling import MIB, fill
from agents.probes.interface import Probe, ProbeParams, Seen


class FillOutputs(Probe):
    """Shared memory and whatever else takes a file."""

    name: ClassVar[str] = "output-fill"
    tries: ClassVar[str] = (
        "write 128 MiB into every other folder that takes a file: /dev/shm, /dev/mqueue, /dev, /run, its own"
    )
    holds: ClassVar[str] = "there is no output mount; /dev/shm is capped, the rest read-only"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """Removes what it wrote."""
        for folder in ("/dev/shm", "/dev/mqueue", "/dev", "/run", "/var/tmp", "/output", "/workspace", "."):  # noqa: S108 — to be refused
            file = Path(folder, "dockyard-probe-fill")
            written = 0
            for part in range(8):  # several files: one alone meets the limit of a file's size first
                written += fill(file.with_name(f"{file.name}-{part}"), 16 * MIB)
            for part in range(8):
                with suppress(OSError):  # where nothing could be made, nothing can be removed either
                    file.with_name(f"{file.name}-{part}").unlink()
            told = f"{written // MIB} MiB in {folder}"
            seen.refused(told) if written <= 64 * MIB else seen.escaped(told)
