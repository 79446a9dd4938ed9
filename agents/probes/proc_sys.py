"""Kernel settings: /proc/sys, sysrq, core_pattern, uevent_helper, and what should be masked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen, opened


class ProcSys(Probe):
    """Writes what would run a program as root on the machine, reads what tells of the kernel."""

    name: ClassVar[str] = "proc-and-sysrq"
    tries: ClassVar[str] = "write core_pattern, sysrq, modprobe, uevent_helper; read kernel memory, symbols and keys"
    holds: ClassVar[str] = "read-only and masked paths, no capabilities, another user"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """Opened to write and closed again: nothing is changed where it works."""
        for path in (
            "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hotplug", "/proc/sysrq-trigger",
            "/proc/sys/kernel/sysrq", "/proc/sys/vm/drop_caches", "/proc/sys/kernel/panic", "/proc/sys/kernel/pid_max",
            "/proc/sys/fs/binfmt_misc/register", "/proc/sys/fs/suid_dumpable", "/proc/sys/net/ipv4/ip_forward",
            "/proc/irq/default_smp_affinity", "/proc/mtrr", "/sys/kernel/uevent_helper",
            "/sys/power/state", "/sys/kernel/mm/ksm/run", "/sys/module/kernel/parameters/panic",
        ):  # fmt: skip
            seen.attempt(f"opened {path} to write", opened, path, os.O_WRONLY)
        for path in (
            "/proc/kcore", "/dev/kmsg", "/proc/keys", "/proc/kallsyms", "/proc/timer_list", "/proc/sched_debug",
            "/proc/config.gz", "/proc/slabinfo", "/proc/iomem", "/sys/kernel/debug/sched", "/sys/firmware/acpi/tables/DSDT",
        ):  # fmt: skip
            try:
                handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                content = os.read(handle, 64)
                os.close(handle)
            except OSError as error:
                seen.refused(error.strerror or "unreadable")
                continue
            if content:
                seen.escaped(f"read {path}")
            else:
                seen.refused("empty")
        if any(Path("/sys/firmware").glob("*")):
            seen.escaped("listed /sys/firmware")
