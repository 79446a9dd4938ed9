"""Code in the kernel, and another kernel."""

from __future__ import annotations

from typing import ClassVar

from agents.probes.calls import call
from agents.probes.interface import Probe, ProbeParams, Seen

CALLS: tuple[tuple[str, str, tuple[int | bytes | None, ...]], ...] = (
    ("loaded a module", "init_module", (0, 0, b"")),
    ("loaded a module from a file", "finit_module", (0, b"", 0)),
    ("unloaded a module", "delete_module", (b"dockyard-none", 0)),
    ("loaded another kernel", "kexec_load", (0, 0, 0, 0)),
    ("loaded another kernel from a file", "kexec_file_load", (-1, -1, 0, 0, 0)),
)
"""What it would have done, the call, and arguments that do no harm if they arrive."""


class Modules(Probe):
    """Modules and kexec."""

    name: ClassVar[str] = "modules"
    tries: ClassVar[str] = "load and unload kernel modules, load another kernel"
    holds: ClassVar[str] = "seccomp, no capabilities"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """None of them may get further than the filter."""
        for what, name, arguments in CALLS:
            seen.call(what, call, name, *arguments)
