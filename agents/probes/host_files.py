"""Files of the machine that the hub runs on, and of the engine's."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen

PLACES = (
    "/host", "/hostfs", "/rootfs", "/mnt/host", "/var/lib/docker", "/var/lib/containerd", "/run/containerd",
    "/root/.ssh", "/root/.docker", "/var/run/secrets/kubernetes.io",
)  # fmt: skip
ROOTS = (
    "", "/proc/1/root", "/proc/self/root", "/proc/1/cwd/../../../..", "/workspace/../../../../..", "/dev/../../..",
)  # fmt: skip


class HostFiles(Probe):
    """Reads a file that the hub has laid out on its own disk, by its path and from the outside of every root."""

    name: ClassVar[str] = "host-files"
    tries: ClassVar[str] = "read the hub's own files, and the folders where container engines keep theirs"
    holds: ClassVar[str] = "a mount namespace with the image's files alone"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """Look for the canary by name, through other processes' roots, and by climbing."""
        for root in ROOTS:
            try:
                content = Path(f"{root}{place.canary}").read_bytes()
            except OSError as error:
                seen.refused(error.strerror or "unreadable")
                continue
            if hashlib.sha256(content).hexdigest() == place.secret_digest:
                seen.escaped(f"read the hub's file {root}{place.canary}")
            else:
                seen.refused("another file of that name")
        for folder in PLACES:
            seen.attempt(f"listed {folder}", _listed, folder)


def _listed(folder: str) -> None:
    next(Path(folder).iterdir(), None)
