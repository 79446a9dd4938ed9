"""Control groups: a release agent runs as root on the machine, and a group of its own has no limits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen, opened

FILES = (
    "release_agent", "notify_on_release", "cgroup.procs", "tasks", "memory.max", "memory.limit_in_bytes", "pids.max",
    "cpu.max", "cpu.cfs_quota_us", "devices.allow",
)  # fmt: skip


class ReleaseAgent(Probe):
    """Writes below /sys/fs/cgroup."""

    name: ClassVar[str] = "release-agent"
    tries: ClassVar[str] = "set a release agent, make a control group, leave its own, raise its limits, read others' names"
    holds: ClassVar[str] = "read-only control groups in a namespace of their own"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """Files are opened to write and closed again."""
        root = Path("/sys/fs/cgroup")
        groups = [root, *(path for path in root.glob("*") if path.is_dir() and not path.is_symlink())]
        for group in groups:
            seen.attempt(f"made a control group in {group}", _made, group / "dockyard-probe")
            for name in FILES:
                file = group / name
                if file.exists():
                    seen.attempt(f"opened {file} to write", opened, file, os.O_WRONLY)
        for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            if line.split(":", 2)[2] not in ("/", "/init"):
                seen.escaped(f"sees the engine's name of its control group: {line.split(':', 2)[2]}")
                break
        else:
            seen.refused("its control groups are named /")


def _made(folder: Path) -> None:
    folder.mkdir()
    folder.rmdir()
