"""Every limit a container runs under, each with its reason, in one place. Told to people in docs/reference/sandbox.md."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from agents.contract.manifest import Isolation, Limits
from flows.runtime.seccomp import profile_json

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.types import HostConfig

LABEL = "dockyard"
"""Prefix of all labels: `dockyard.run`, `dockyard.node`, `dockyard.expires` (Unix seconds)."""

USER = "10001:10001"
WORKSPACE = "/workspace"
TMP = "/tmp"  # noqa: S108 — the container's own
SHM = "/dev/shm"  # noqa: S108 — the container's own
SHM_MB = 64
FILES_PER_MIB = 256
"""Files, folders and links in /tmp for each MiB of it: one for every 4 KiB, as on an ordinary disk."""
GVISOR = "runsc"
"""The name under which an engine knows gVisor's runtime."""
GVISOR_THREADS = 512
"""What gVisor's kernel needs of the process limit for itself; without it, it ends when an agent starts a few processes."""
OOM_SCORE = 500

MASKED_PATHS = (
    # What the Engine masks by itself, which a list of ours replaces …
    "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
    "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
    # … and what tells an attacker about the kernel, the machine and its other work.
    "/proc/config.gz", "/proc/diskstats", "/proc/interrupts", "/proc/iomem", "/proc/ioports", "/proc/kallsyms",
    "/proc/key-users", "/proc/kmsg", "/proc/kpagecgroup", "/proc/kpagecount", "/proc/kpageflags", "/proc/locks",
    "/proc/modules", "/proc/pagetypeinfo", "/proc/slabinfo", "/proc/softirqs", "/proc/vmallocinfo",
    "/sys/fs/bpf", "/sys/kernel/debug", "/sys/kernel/notes", "/sys/kernel/security", "/sys/kernel/tracing", "/sys/module",
)  # fmt: skip
"""Covered with /dev/null or an empty folder; what a kernel doesn't have is left out by the Engine."""
READONLY_PATHS = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/mtrr", "/proc/sys", "/proc/sysrq-trigger")
"""Kernel settings: not even root in the container could write to them."""


class Hardening(TypedDict):
    """Keyword arguments of the Engine API's host configuration, as the Docker SDK names them."""

    network_mode: str
    read_only: bool
    cap_drop: list[str]
    security_opt: list[str]
    pids_limit: int
    mem_limit: str
    memswap_limit: str
    nano_cpus: int
    oom_score_adj: int
    ulimits: list[Any]
    tmpfs: dict[str, str]
    shm_size: str
    ipc_mode: str
    cgroupns: Literal["private"]
    init: bool
    log_config: Any
    runtime: str | None


def hardening(limits: Limits, isolation: Isolation = Isolation.ANY) -> Hardening:
    """The host configuration for an agent with these limits and this need of isolation.

    Left to the Engine, because it has no stronger setting: namespaces of mounts, processes and host name are a
    container's own, and its users are remapped where the engine remaps users (`userns-remap`); nothing here turns that off.
    """
    from docker.types import LogConfig, Ulimit

    memory = f"{limits.memory_mb}m"
    return Hardening(
        # Analysis needs no network, and a stolen secret has no way out.
        network_mode="none",
        # Nothing in the image can be changed; what is written goes to /tmp alone.
        read_only=True,
        # Not even what an ordinary user could regain through a program's file capabilities.
        cap_drop=["ALL"],
        security_opt=[
            # setuid programs in the image gain nothing.
            "no-new-privileges:true",
            # The Engine's default profile lets ptrace, io_uring and memfd through.
            f"seccomp={profile_json()}",
        ],
        # A fork bomb ends at its own limit. Not as a ulimit, which counts all containers of one user together.
        pids_limit=limits.pids + (GVISOR_THREADS if isolation is Isolation.GVISOR else 0),
        mem_limit=memory,
        # Equal to the memory: no swap on top of it.
        memswap_limit=memory,
        # The engine refuses more CPUs than it has.
        nano_cpus=int(min(limits.cpus, os.cpu_count() or 1) * 1_000_000_000),
        # Where the machine itself runs out of memory, agents go before what runs them.
        oom_score_adj=OOM_SCORE,
        ulimits=[
            Ulimit(name="nofile", soft=limits.nofile, hard=limits.nofile),
            # A sparse file of a terabyte costs nothing to make, and much to whoever copies it.
            Ulimit(name="fsize", soft=limits.tmp_mb * 1024 * 1024, hard=limits.tmp_mb * 1024 * 1024),
            # One byte, not none: the machine's crash handler gets every core, whatever the limit, except with just this one.
            Ulimit(name="core", soft=1, hard=1),
        ],
        # Memory-backed, capped in bytes and in files; nothing in it can be a device, a program, or a program with setuid.
        tmpfs={TMP: f"rw,noexec,nosuid,nodev,size={limits.tmp_mb}m,nr_inodes={limits.tmp_mb * FILES_PER_MIB},mode=1777"},
        # /dev/shm of its own: semaphores of multiprocessing live there.
        shm_size=f"{SHM_MB}m",
        ipc_mode="private",
        # It sees no other control group's name. The default is the engine's, and that of old ones is the host's.
        cgroupns="private",
        # PID 1 that reaps orphans and passes signals on.
        init=True,
        # The hub reads the stream as it comes, with a cap; nothing is stored on the engine's disk.
        log_config=LogConfig(type="none"),
        # A kernel of its own in user space, for whom the manifest asks for it.
        runtime=GVISOR if isolation is Isolation.GVISOR else None,
    )


def host_config(
    client: DockerClient, limits: Limits, isolation: Isolation, volumes: dict[str, Mapping[str, str]]
) -> HostConfig:
    """The whole host configuration of an agent's container. `volumes` is the workspace's mount, as the SDK takes it."""
    config: HostConfig = client.api.create_host_config(binds=volumes, **hardening(limits, isolation))
    # The SDK has no names for these two.
    config["MaskedPaths"] = [*MASKED_PATHS]
    config["ReadonlyPaths"] = [*READONLY_PATHS]
    return config


def ignored(wanted: Mapping[str, Any], kept: Mapping[str, Any]) -> list[str]:
    """Names of settings of a host configuration that the engine keeps otherwise than it was told, or doesn't know."""
    return [name for name, value in wanted.items() if value not in (None, [], {}) and not _same(value, kept.get(name))]


def _same(wanted: Any, kept: Any) -> bool:
    if isinstance(wanted, list) and isinstance(kept, list):
        return sorted(map(_text, wanted)) == sorted(map(_text, kept))
    return bool(wanted == kept)


def _text(item: Any) -> str:
    return json.dumps(item, sort_keys=True)
