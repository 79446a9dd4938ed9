"""What the kernel says of the limits this process runs under: what the hub compares with what it asked for."""

from __future__ import annotations

import os
import resource
from pathlib import Path

from agents.probes.network import interfaces

CGROUP = Path("/sys/fs/cgroup")
CGROUP_FILES = {
    # limit: files that tell it, of control groups 2 and 1; the first there is counts
    "memory": ("memory.max", "memory/memory.limit_in_bytes"),
    "swap": ("memory.swap.max", "memory/memory.memsw.limit_in_bytes"),
    "pids": ("pids.max", "pids/pids.max"),
    "cpu": ("cpu.max", "cpu/cpu.cfs_quota_us", "cpu,cpuacct/cpu.cfs_quota_us"),
    "cpu-period": ("cpu.max", "cpu/cpu.cfs_period_us", "cpu,cpuacct/cpu.cfs_period_us"),
}


def values() -> dict[str, str]:
    """Limit by limit, as text; one that cannot be read is missing."""
    found = {name: text for name, files in CGROUP_FILES.items() if (text := _first(files)) is not None}
    found["cgroup-version"] = "2" if (CGROUP / "cgroup.controllers").exists() else "1"
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    status = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    for field in ("Seccomp", "NoNewPrivs", "CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb"):
        if field in status:
            found[field] = status[field]
    found["uid"] = str(os.getuid())
    for name in ("NOFILE", "CORE", "FSIZE"):
        found[name.lower()] = str(resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[1])
    for place in ("/", "/workspace", "/tmp", "/dev/shm"):  # noqa: S108 — the container's own
        state = os.statvfs(place)
        found[f"{place} size"] = str(state.f_blocks * state.f_frsize)
        found[f"{place} files"] = str(state.f_files)
        flags = {"ro": os.ST_RDONLY, "noexec": os.ST_NOEXEC, "nosuid": os.ST_NOSUID, "nodev": os.ST_NODEV}
        found[f"{place} flags"] = " ".join(name for name, flag in flags.items() if state.f_flag & flag)
    found["interfaces"] = " ".join(["lo", *interfaces()])
    found["cgroup"] = " ".join(sorted({line.split(":", 2)[2] for line in _lines("/proc/self/cgroup")}))
    found["oom_score_adj"] = " ".join(_lines("/proc/self/oom_score_adj"))
    return found


def _first(files: tuple[str, ...]) -> str | None:
    for file in files:
        if (CGROUP / file).is_file():
            return (CGROUP / file).read_text(encoding="utf-8").strip()
    return None


def _lines(file: str) -> list[str]:
    return Path(file).read_text(encoding="utf-8").splitlines()
