"""The kernel's keyrings, which containers share by user id."""

from __future__ import annotations

from typing import ClassVar

from agents.probes.calls import call
from agents.probes.interface import Probe, ProbeParams, Seen

CALLS: tuple[tuple[str, str, tuple[int | bytes | None, ...]], ...] = (
    ("read its session keyring", "keyctl", (0, -3, 0)),
    ("searched a keyring", "keyctl", (10, -4, 0, 0, 0)),
    ("added a key", "add_key", (b"user", b"dockyard-probe", b"x", 1, -2)),
    ("asked for a key", "request_key", (b"user", b"dockyard-probe", None, -2)),
)
"""What it would have done, the call, and arguments that do no harm if they arrive."""


class Keyring(Probe):
    """The three calls on keys."""

    name: ClassVar[str] = "keyring"
    tries: ClassVar[str] = "read and add keys of the kernel's keyrings, which no namespace divides"
    holds: ClassVar[str] = "seccomp"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """None of them may get further than the filter."""
        for what, name, arguments in CALLS:
            seen.call(what, call, name, *arguments)
