"""Writing anywhere but where an agent may."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen, opened

NAME = "dockyard-probe-written"


class WriteRoot(Probe):
    """Writes files and sets modes all over the tree."""

    name: ClassVar[str] = "write-root"
    tries: ClassVar[str] = "write to the image, the workspace, /dev and the hub's folder; set modes there"
    holds: ClassVar[str] = "read-only root and workspace, another user"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """Try every folder; what was written is removed again."""
        folders = ["/", "/etc", "/usr/bin", "/usr/local", "/opt", "/opt/dockyard/agents", "/var", "/var/tmp", "/home",  # noqa: S108 — to be refused
                   "/root", "/dev", "/proc", "/sys", "/run", "/workspace", str(Path(place.canary).parent)]  # fmt: skip
        for folder in folders:
            file = Path(folder) / NAME
            seen.attempt(f"wrote to {folder}", _written(file))
        for target in ("/etc/passwd", "/bin/sh", place.canary):
            seen.attempt(f"opened {target} to write", opened, target, os.O_WRONLY | os.O_APPEND)
            # To what it is: where this is allowed, nothing changes.
            seen.attempt(f"set the mode of {target}", _set_mode, Path(target))


def _written(file: Path) -> Callable[[], None]:
    def write() -> None:
        file.write_bytes(b"")
        file.unlink()

    return write


def _set_mode(file: Path) -> None:
    file.chmod(stat.S_IMODE(file.stat().st_mode))
