"""Files made to harm who collects them: links, pipes, sockets, setuid, names."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen


class HostileFiles(Probe):
    """Leaves all of them behind, and answers."""

    name: ClassVar[str] = "hostile-output-files"
    tries: ClassVar[str] = (
        "leave links to /etc/passwd, FIFOs, sockets, setuid files, names with .., newlines and 4,096 bytes, deep trees"
    )
    holds: ClassVar[str] = "the hub collects no files, and what can be written goes with the container"
    alone = True

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """Nobody may stumble over them: neither who reads the answer, nor who removes the container."""
        home = Path(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 — the container's own
        os.chdir(home)
        for name, target in (("passwd", "/etc/passwd"), ("loop", "loop"), ("up", "../../../../.."), ("root", "/")):
            Path(name).symlink_to(target)
        os.mkfifo("fifo")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket")
        for name in ("new\nline", "\x1b[2J", "-rf", "report.json", "x" * 255, os.fsdecode(b"\xff\xfe")):
            Path(name).write_bytes(b"{}")
        Path("setuid").write_bytes(b"#!/bin/sh\n")
        Path("setuid").chmod(0o6777)
        seen.attempt("left a file beside its folder", Path("..", "dockyard-probe-left").write_bytes, b"")
        seen.attempt("made a name of 4,096 bytes", Path("y" * 4096).write_bytes, b"")
        Path("closed").mkdir()
        Path("closed", "inside").write_bytes(b"")
        Path("closed").chmod(0)
        with suppress(OSError):  # as deep as it may be: longer than a path can name
            for _ in range(1500):
                Path("d").mkdir()
                os.chdir("d")
        os.chdir("/")
        seen.refused("left for whoever looks")
