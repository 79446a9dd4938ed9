"""Every limit a container runs under, each with its reason, in one place."""

from __future__ import annotations

import os
from typing import Any, TypedDict

from agents.contract.manifest import Limits

LABEL = "dockyard"
"""Prefix of all labels: `dockyard.run`, `dockyard.node`, `dockyard.expires` (Unix seconds)."""

USER = "10001:10001"
WORKSPACE = "/workspace"


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
    ulimits: list[Any]
    tmpfs: dict[str, str]
    ipc_mode: str
    init: bool
    log_config: Any


def hardening(limits: Limits) -> Hardening:
    """The host configuration for an agent with these limits."""
    from docker.types import LogConfig, Ulimit

    memory = f"{limits.memory_mb}m"
    return Hardening(
        # Analysis needs no network, and a stolen secret has no way out.
        network_mode="none",
        # Nothing in the image can be changed; what is written goes to /tmp alone.
        read_only=True,
        cap_drop=["ALL"],
        # setuid programs in the image gain nothing.
        security_opt=["no-new-privileges:true"],
        # A fork bomb ends at its own limit.
        pids_limit=limits.pids,
        mem_limit=memory,
        # Equal to the memory: no swap on top of it.
        memswap_limit=memory,
        # The engine refuses more CPUs than it has.
        nano_cpus=int(min(limits.cpus, os.cpu_count() or 1) * 1_000_000_000),
        ulimits=[
            Ulimit(name="nofile", soft=limits.nofile, hard=limits.nofile),
            Ulimit(name="core", soft=0, hard=0),
        ],
        # Memory-backed, size-capped, and nothing in it can be executed as a device or with setuid.
        tmpfs={"/tmp": f"rw,nosuid,nodev,size={limits.tmp_mb}m,mode=1777"},  # noqa: S108 — the container's own
        # /dev/shm of its own: semaphores of multiprocessing live there.
        ipc_mode="private",
        # PID 1 that reaps orphans and passes signals on.
        init=True,
        # The hub reads the stream as it comes, with a cap; nothing is stored on the engine's disk.
        log_config=LogConfig(type="none"),
    )
