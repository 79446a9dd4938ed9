"""What belongs to the machine as a whole."""

from __future__ import annotations

from typing import ClassVar

from agents.probes.calls import call
from agents.probes.interface import Probe, ProbeParams, Seen

CALLS: tuple[tuple[str, str, tuple[int | bytes | None, ...]], ...] = (
    ("set the clock", "settimeofday", (0, 0)),
    ("set a clock", "clock_settime", (0, 0)),
    ("steered the clock", "adjtimex", (0,)),
    ("set the host name", "sethostname", (b"x", -1)),
    ("rebooted, with a wrong magic number", "reboot", (0, 0, 0)),
    ("swapped", "swapon", (b"/nonexistent", 0)),
    ("ended swapping", "swapoff", (b"/nonexistent",)),
    ("accounted", "acct", (b"/nonexistent",)),
    ("read the kernel's log", "syslog", (10, 0, 0)),
    ("asked for quotas", "quotactl", (0x80000700, b"/dev/vda", 0, 0)),
    ("hung up its terminal", "vhangup", ()),
    ("watched the filesystem", "fanotify_init", (0, 0)),
)
"""What it would have done, the call, and arguments that do no harm if they arrive."""


class Machine(Probe):
    """Clock, name, swap, accounting, kernel log, reboot."""

    name: ClassVar[str] = "machine"
    tries: ClassVar[str] = "set the clock and the host name, reboot, swap, account, read the kernel's log"
    holds: ClassVar[str] = "seccomp, no capabilities"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """None of them may get further than the filter."""
        for what, name, arguments in CALLS:
            seen.call(what, call, name, *arguments)
