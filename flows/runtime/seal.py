"""bubblewrap around an agent of the local runtime: what it sees of this machine, and what it may call."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flows.runtime.sandbox import MASKED_PATHS, READONLY_PATHS, SHM, SHM_MB
from flows.runtime.seccomp_program import compiled
from flows.settings import ROOT

MIB = 1024 * 1024
SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/etc/alternatives", "/etc/ca-certificates",
    "/etc/group", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/mime.types",
    "/etc/nsswitch.conf", "/etc/passwd", "/etc/pki", "/etc/ssl",
)  # fmt: skip
"""What programs need of this machine; of the rest nothing is there."""


@dataclass(frozen=True)
class Seal:
    """bubblewrap that works here. Without `program` (no libseccomp) system calls aren't filtered."""

    bubblewrap: str
    program: bytes | None

    def command(
        self, workspace: Path, tmp: Path, tmp_mb: int, readable: tuple[str, ...], filter_at: int | None
    ) -> list[str]:
        """The beginning of a command that runs sealed; `filter_at` is a descriptor from which the program is read."""
        seal = [self.bubblewrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        if filter_at is not None:
            seal += ["--seccomp", str(filter_at)]
        for place in (*SYSTEM, sys.base_prefix, sys.prefix, str(ROOT), *readable):
            seal += ["--ro-bind-try", place, place]
        seal += ["--proc", "/proc", "--dev", "/dev", *_covered()]
        seal += ["--size", str(SHM_MB * MIB), "--tmpfs", SHM, "--remount-ro", "/dev"]
        # Once more by name: it may lie below a folder that was just bound.
        seal += ["--ro-bind", str(workspace), str(workspace)]
        seal += ["--size", str(tmp_mb * MIB), "--tmpfs", str(tmp), "--remount-ro", "/"]
        return [*seal, "--"]

    def opened(self) -> int | None:
        """A descriptor of the program, at its beginning: for one command, which inherits it."""
        if self.program is None:
            return None
        with tempfile.TemporaryFile() as file:
            file.write(self.program)
            file.flush()
            handle = os.dup(file.fileno())
        os.lseek(handle, 0, os.SEEK_SET)
        return handle


@cache
def seal() -> Seal | None:
    """The seal, or None where bubblewrap is missing or doesn't work: some kernels and containers forbid user namespaces."""
    found = shutil.which("bwrap")
    if found is None:
        return None
    for program in (compiled(), None):
        tried = Seal(found, program)
        if _works(tried):
            return tried
    return None


def _works(tried: Seal) -> bool:
    handle = tried.opened()
    try:
        with tempfile.TemporaryDirectory() as folder:
            workspace, tmp = Path(folder, "workspace"), Path(folder, "tmp")
            workspace.mkdir()
            tmp.mkdir()
            command = [*tried.command(workspace, tmp, 1, (), handle), sys.executable, "-I", "-S", "-c", ""]
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, check=False, pass_fds=[handle] if handle else []
            )
        return done.returncode == 0
    finally:
        if handle is not None:
            os.close(handle)


def _covered() -> list[str]:
    """What containers don't see of /proc and can't write there, isn't seen or written here either."""
    options: list[str] = []
    for place in READONLY_PATHS:
        if place.startswith("/proc/"):
            options += ["--ro-bind-try", place, place]
    for place in MASKED_PATHS:
        if place.startswith("/proc/") and Path(place).exists():
            options += (
                ["--tmpfs", place, "--remount-ro", place] if Path(place).is_dir() else ["--ro-bind", "/dev/null", place]
            )
    return options
