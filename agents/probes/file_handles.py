"""Files by number instead of by path: how containers' roots were left."""

from __future__ import annotations

from typing import ClassVar

from agents.probes.calls import call
from agents.probes.interface import Probe, ProbeParams, Seen

CALLS: tuple[tuple[str, str, tuple[int | bytes | None, ...]], ...] = (
    ("named a file by handle", "name_to_handle_at", (-100, b"/", 0, 0, 0)),
    ("opened a file by handle", "open_by_handle_at", (-100, 0, 0)),
)
"""What it would have done, the call, and arguments that do no harm if they arrive."""


class FileHandles(Probe):
    """name_to_handle_at and open_by_handle_at."""

    name: ClassVar[str] = "file-handles"
    tries: ClassVar[str] = "open files of the whole disk by handle"
    holds: ClassVar[str] = "seccomp, no capabilities"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """None of them may get further than the filter."""
        for what, name, arguments in CALLS:
            seen.call(what, call, name, *arguments)
