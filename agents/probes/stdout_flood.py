"""Standard output at full speed."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

from agents.probes.interface import Ending, ProbeParams, RawProbe


class StdoutFlood(RawProbe):
    """256 MiB without an end of line."""

    name: ClassVar[str] = "stdout-flood"
    tries: ClassVar[str] = "write 256 MiB to standard output at full speed, where 1 MiB is allowed"
    holds: ClassVar[str] = "the hub's cap, and a kill through the engine's API"
    endings = frozenset({Ending.FLOOD})

    def speak(self, out: BinaryIO, place: ProbeParams) -> None:
        """The hub measures its own memory meanwhile."""
        chunk = b"x" * (1024 * 1024)
        out.writelines(chunk for _ in range(256))
