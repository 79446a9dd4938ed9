"""Becoming somebody else: setuid programs, and the calls."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import ClassVar

from agents.probes.calls import call
from agents.probes.interface import Probe, ProbeParams, Seen


class Setuid(Probe):
    """The image's own setuid programs, one made by itself, and setuid(0)."""

    name: ClassVar[str] = "setuid"
    tries: ClassVar[str] = "become root by the image's setuid programs, by one of its own, by the system calls"
    holds: ClassVar[str] = "no-new-privileges, nosuid, no capabilities"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """`su` waits for a password: meanwhile the kernel tells whose it is."""
        if os.geteuid() == 0:
            seen.escaped("it is root already")
            return
        seen.attempt("setuid(0)", os.setuid, 0)
        seen.attempt("setgid(0)", os.setgid, 0)
        seen.attempt("setgroups", os.setgroups, [0])
        seen.attempt("setresuid", os.setresuid, -1, 0, -1)
        seen.attempt("capset", call, "capset", 0, 0)
        for program in ("/usr/bin/su", "/usr/bin/newgrp", "/usr/bin/passwd"):
            if Path(program).exists():
                _run_as(program, seen)
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, "id")
            shutil.copyfile("/usr/bin/id", copy)
            copy.chmod(0o6755)
            seen.attempt("ran a program of its own with setuid", _run, copy)


def _run_as(program: str, seen: Seen) -> None:
    process = subprocess.Popen(
        [program], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        end = time.monotonic() + 2
        while process.poll() is None and time.monotonic() < end:
            lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
            status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
            if status.get("Name") == [Path(program).name]:
                if status["Uid"][1] == "0":
                    seen.escaped(f"{program} ran as root")
                else:
                    seen.refused(f"{Path(program).name} ran as user {status['Uid'][1]}")
                return
        seen.refused(f"{Path(program).name} ended at once")
    except OSError as error:
        seen.refused(error.strerror or "gone")
    finally:
        process.kill()
        process.wait()


def _run(program: Path) -> None:
    subprocess.run([program, "-u"], check=True, capture_output=True)
