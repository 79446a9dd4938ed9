"""System calls of 32-bit programs: other numbers, which a filter for 64 bits would not know."""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import signal
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen


class ForeignCalls(Probe):
    """The 32-bit gate and the x32 numbers, on x86-64."""

    name: ClassVar[str] = "32-bit-calls"
    tries: ClassVar[str] = "make 32-bit and x32 system calls, past the filter's numbers"
    holds: ClassVar[str] = "seccomp is for the machine's own architecture: others die"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """getpid by machine code, in a process of its own that the kernel should kill."""
        if platform.machine() != "x86_64":
            seen.refused(f"{platform.machine()} has no such calls here")
            return
        gates = {"32-bit": b"\xb8\x14\x00\x00\x00\xcd\x80\xc3", "x32": b"\xb8\x27\x00\x00\x40\x0f\x05\xc3"}
        for what, code in gates.items():
            pid = os.fork()
            if pid == 0:
                page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
                page.write(code)
                function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
                os._exit(0 if function() == os.getpid() else 1)
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            if status == 0:
                seen.escaped(f"made a {what} system call")
            elif status < 0:
                seen.refused(signal.Signals(-status).name)
            else:
                seen.refused("no such call")
