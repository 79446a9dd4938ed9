"""Devices: the machine's disks and memory."""

from __future__ import annotations

import os
import stat
import tempfile
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen, opened

NODES = (
    ("disk", stat.S_IFBLK, 254, 0), ("disk", stat.S_IFBLK, 8, 0), ("memory", stat.S_IFCHR, 1, 1),
    ("log", stat.S_IFCHR, 1, 11),
)  # fmt: skip
PATHS = (
    "/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/dm-0", "/dev/loop0", "/dev/loop-control", "/dev/mem", "/dev/port",
    "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/vhost-net", "/dev/dri/card0", "/dev/snd/control", "/dev/uinput",
)  # fmt: skip


class Devices(Probe):
    """Makes device nodes, opens those there are."""

    name: ClassVar[str] = "devices"
    tries: ClassVar[str] = "make device nodes, open disks, memory, /dev/fuse, /dev/kvm and /dev/net/tun"
    holds: ClassVar[str] = "seccomp, no capabilities, a /dev of its own, nodev"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """A node that can be made is opened, too."""
        with tempfile.TemporaryDirectory() as folder:
            for what, kind, major, minor in NODES:
                path = f"{folder}/{what}-{major}-{minor}"
                seen.attempt(f"made a device node ({what})", os.mknod, path, kind | 0o600, os.makedev(major, minor))
        for path in PATHS:
            seen.attempt(f"opened {path}", opened, path, os.O_RDONLY | os.O_NONBLOCK)
