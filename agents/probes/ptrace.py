"""Reading and steering another process."""

from __future__ import annotations

import os
import signal
from typing import ClassVar

from agents.probes.calls import call
from agents.probes.interface import Probe, ProbeParams, Seen


class Ptrace(Probe):
    """ptrace and its relatives, on a child of its own."""

    name: ClassVar[str] = "ptrace"
    tries: ClassVar[str] = "trace a process, read and write another's memory, take its descriptors"
    holds: ClassVar[str] = "seccomp"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """The child waits and is killed at the end."""
        pid = os.fork()
        if pid == 0:
            signal.pause()
            os._exit(0)
        try:
            for what, name, arguments in (
                ("traced a process", "ptrace", (16, pid, 0, 0)), ("seized a process", "ptrace", (0x4206, pid, 0, 0)),
                ("read another's memory", "process_vm_readv", (pid, 0, 0, 0, 0, 0)),
                ("wrote another's memory", "process_vm_writev", (pid, 0, 0, 0, 0, 0)),
                ("compared processes", "kcmp", (pid, pid, 0, 0, 0)), ("took a descriptor", "pidfd_getfd", (-1, 0, 0)),
                ("advised another's memory", "process_madvise", (-1, 0, 0, 0, 0)),
                ("gave pages away", "vmsplice", (-1, 0, 0, 0)),
            ):  # fmt: skip
                seen.call(what, call, name, *arguments)
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
