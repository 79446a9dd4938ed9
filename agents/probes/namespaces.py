"""Namespaces of its own, in which a process would have all capabilities."""

from __future__ import annotations

import os
from typing import ClassVar

from agents.probes.calls import call
from agents.probes.interface import Probe, ProbeParams, Seen

KINDS = {"user": 0x10000000, "mount": 0x20000, "pid": 0x20000000, "network": 0x40000000, "ipc": 0x8000000,
         "host name": 0x4000000, "control group": 0x2000000, "time": 0x80}  # fmt: skip
SIGCHLD = 17


class Namespaces(Probe):
    """unshare and clone with every flag."""

    name: ClassVar[str] = "namespaces"
    tries: ClassVar[str] = "unshare and clone into namespaces of its own, the user's first"
    holds: ClassVar[str] = "seccomp (clone3 says that it doesn't exist, so that flags can be seen)"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """Each in turn; a process that comes to be ends at once."""
        for kind, flag in KINDS.items():
            seen.call(f"a {kind} namespace by unshare", call, "unshare", flag)
        for kind in ("user", "mount", "pid", "network"):
            flags = KINDS[kind] | SIGCHLD
            seen.call(f"a {kind} namespace by clone", _cloned, flags)
        seen.call("clone3", call, "clone3", 0, 0)


def _cloned(flags: int) -> None:
    pid = call("clone", flags, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
