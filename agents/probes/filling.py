"""What the probes of space share."""

from __future__ import annotations

import os
from pathlib import Path

MIB = 1024 * 1024


def fill(file: Path, size: int) -> int:
    """Write up to `size` bytes into `file`, and return how many it took."""
    written = 0
    chunk = b"x" * (256 * 1024)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError:
        return 0
    try:
        while written < size:
            written += os.write(handle, chunk[: size - written])
    except OSError:
        return written
    finally:
        os.close(handle)
    return written
