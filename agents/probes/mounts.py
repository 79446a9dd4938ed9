"""Mounting: over a limit, away from a mask, another root."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import ClassVar

from agents.probes.calls import call
from agents.probes.interface import Probe, ProbeParams, Seen

REMOUNT, BIND, DETACH = 32, 4096, 2


class Mounts(Probe):
    """The mount calls, old and new."""

    name: ClassVar[str] = "mount"
    tries: ClassVar[str] = "mount, remount the root writable, unmount masks, chroot, pivot_root, the new mount calls"
    holds: ClassVar[str] = "seccomp, no capabilities"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """On a folder of its own, so that where nothing holds nothing is covered either."""
        here = tempfile.mkdtemp().encode()
        attempts: list[tuple[str, str, tuple[int | bytes | None, ...]]] = [
            ("mounted a tmpfs", "mount", (b"none", here, b"tmpfs", 0, None)),
            ("mounted /proc anew", "mount", (b"proc", here, b"proc", 0, None)),
            ("bound a folder", "mount", (here, here, None, BIND, None)),
            ("unmounted a folder", "umount2", (here, DETACH)),
            ("swapped its root", "pivot_root", (here, here)),
            ("changed its root", "chroot", (here,)),
            ("opened a filesystem", "fsopen", (b"tmpfs", 0)),
            ("copied a tree", "open_tree", (-100, here, 1)),
            ("moved a mount", "move_mount", (-100, here, -100, here, 0)),
            ("changed a mount's attributes", "mount_setattr", (-100, here, 0, None, 0)),
        ]
        if os.statvfs("/").f_flag & os.ST_RDONLY:
            attempts.append(("remounted the root writable", "mount", (b"none", b"/", None, REMOUNT, None)))
        for what, name, arguments in attempts:
            self._attempt(what, name, arguments, here, seen)
        # Never a whole tree: what is mounted there by then may be somebody's.
        Path(os.fsdecode(here)).rmdir()

    def _attempt(self, what: str, name: str, arguments: tuple[int | bytes | None, ...], folder: bytes, seen: Seen) -> None:
        def mounted() -> None:
            call(name, *arguments)
            if name == "mount" and arguments[1] == folder:
                call("umount2", folder, DETACH)

        if name == "chroot":  # for good: in a process of its own
            pid = os.fork()
            if pid == 0:
                try:
                    call(name, *arguments)
                except OSError as error:
                    os._exit(error.errno or 255)
                os._exit(0)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            seen.escaped(what) if code == 0 else seen.refused(os.strerror(code))
        else:
            seen.call(what, mounted)
