"""Running code that lies in no file of the image: from memory, from where it can write."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar

from agents.probes.calls import call
from agents.probes.interface import Probe, ProbeParams, Seen


class MemfdExec(Probe):
    """memfd and programs of its own."""

    name: ClassVar[str] = "memfd-exec"
    tries: ClassVar[str] = "run a program from an anonymous file in memory, from /tmp, /dev/shm and /dev/mqueue"
    holds: ClassVar[str] = "seccomp, noexec"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """A copy of `true` in each place."""
        seen.call("made a file in memory", call, "memfd_create", b"probe", 0)
        seen.call("made a secret file in memory", call, "memfd_secret", 0)
        for folder in (os.environ.get("TMPDIR", "/tmp"), "/tmp", "/dev/shm", "/dev/mqueue"):  # noqa: S108 — the container's own
            copy = Path(folder, f"probe-{os.getpid()}")
            try:
                shutil.copyfile("/usr/bin/true", copy)
                copy.chmod(0o755)
            except OSError as error:
                seen.refused(error.strerror or "not writable")
                continue
            try:
                seen.attempt(f"ran a program of its own from {folder}", subprocess.run, [copy], check=True)
            finally:
                copy.unlink()
