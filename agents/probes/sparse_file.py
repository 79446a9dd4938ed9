"""A file of a terabyte that takes no space: whoever copies it fills a disk."""

from __future__ import annotations

import os
import signal
import tempfile
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen


class SparseFile(Probe):
    """By its size, by a hole."""

    name: ClassVar[str] = "sparse-file"
    tries: ClassVar[str] = "make a sparse file of 1 TiB"
    holds: ClassVar[str] = "limit of a file's size"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """The signal that comes with it is ignored, so that the error shows."""
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        size = 1 << 40
        with tempfile.TemporaryFile() as file:
            seen.attempt("made a file of 1 TiB", os.ftruncate, file.fileno(), size)
            seen.attempt("wrote at 1 TiB", os.pwrite, file.fileno(), b"x", size)
