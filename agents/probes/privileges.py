"""What the process may: user, capabilities, privileges to gain, filter."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen


class Privileges(Probe):
    """Reads what the kernel says of this process."""

    name: ClassVar[str] = "privileges"
    tries: ClassVar[str] = "find a capability, a way to gain one, root's id, or no filter of system calls"
    holds: ClassVar[str] = "--cap-drop ALL, no-new-privileges, seccomp, user 10001"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """Of this process and of process 1."""
        for pid in ("self", "1"):
            try:
                lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
            except OSError as error:
                seen.refused(error.strerror or "unreadable")
                continue
            status = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
            for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                if int(status.get(field, "0"), 16):
                    seen.escaped(f"{field} of process {pid} is {status[field]}")
                else:
                    seen.refused("no capabilities")
            for field, wanted in (("NoNewPrivs", "1"), ("Seccomp", "2")):
                if status.get(field) != wanted:
                    seen.escaped(f"{field} of process {pid} is {status.get(field)}")
                else:
                    seen.refused(f"{field} {wanted}")
        if 0 in {*os.getresuid(), *os.getresgid(), *os.getgroups()}:
            seen.escaped("it is root, or of root's group")
        else:
            seen.refused("not root")
