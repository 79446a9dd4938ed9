"""Joining the namespaces of another process."""

from __future__ import annotations

import os
from typing import ClassVar

from agents.probes.calls import call
from agents.probes.interface import Probe, ProbeParams, Seen


class Setns(Probe):
    """setns by the files below /proc and by process descriptors."""

    name: ClassVar[str] = "setns"
    tries: ClassVar[str] = "join namespaces by /proc/1/ns and by a process descriptor"
    holds: ClassVar[str] = "seccomp"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """Its own namespaces are as forbidden as others."""
        for pid in ("1", "self"):
            for kind in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup"):
                try:
                    handle = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
                except OSError as error:
                    seen.refused(error.strerror or "unreadable")
                    continue
                seen.call(f"joined the {kind} namespace of {pid}", call, "setns", handle, 0)
                os.close(handle)
        seen.call("joined by a process descriptor", call, "setns", os.pidfd_open(1), 0x20000)
