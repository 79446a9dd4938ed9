"""Processes of other containers and of the machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen


class Processes(Probe):
    """Looks through /proc and sends signals."""

    name: ClassVar[str] = "other-processes"
    tries: ClassVar[str] = "see or signal a process that isn't the agent's own"
    holds: ClassVar[str] = "a process namespace"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """Its own are its parents up to 1 and what began with them; the hub's carries a token in its command line."""
        own = _ancestors()
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) in own:
                continue
            try:
                command = (folder / "cmdline").read_bytes()
                status = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            parent = int(status.rpartition(")")[2].split()[1])
            if place.token and place.token.encode() in command:
                seen.escaped(f"sees the hub's process {folder.name}")
            elif parent not in own:
                seen.escaped(f"sees process {folder.name} ({command[:40].decode('utf-8', 'replace')!r})")
        seen.attempt("signalled a process beyond all", os.kill, 2**22 - 1, 0)
        seen.refused(f"{len(own)} processes, all its own")


def _ancestors() -> frozenset[int]:
    """This process, its parents, and process 1 where it is one of them."""
    found = set()
    pid = os.getpid()
    while pid and pid not in found:
        found.add(pid)
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        pid = int(status.rpartition(")")[2].split()[1])
    return frozenset(found)
