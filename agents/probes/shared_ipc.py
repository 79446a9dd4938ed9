"""System V and POSIX queues: kernel memory that is counted per user, across containers."""

from __future__ import annotations

from typing import ClassVar

from agents.probes.calls import call
from agents.probes.interface import Probe, ProbeParams, Seen

CALLS: tuple[tuple[str, str, tuple[int | bytes | None, ...]], ...] = (
    ("looked for a segment", "shmget", (0x444F434B, 4096, 0)),
    ("looked for a queue", "msgget", (0x444F434B, 0)),
    ("looked for a POSIX queue", "mq_open", (b"dockyard-probe", 2, 0, 0)),
)
"""What it would have done, the call, and arguments that do no harm if they arrive."""


class SharedIpc(Probe):
    """Segments and queues."""

    name: ClassVar[str] = "shared-ipc"
    tries: ClassVar[str] = "take System V shared memory and message queues"
    holds: ClassVar[str] = "seccomp (/dev/shm is enough)"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """None of them may get further than the filter."""
        for what, name, arguments in CALLS:
            seen.call(what, call, name, *arguments)
