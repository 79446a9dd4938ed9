"""Which Docker engine to use: prefect-docker's DockerHost block, kept in Prefect or made from settings."""

from __future__ import annotations

from docker import DockerClient
from prefect_docker import DockerHost

BLOCK = "dockyard"
"""Name of the DockerHost block that a team keeps in Prefect to point all runs at one engine."""

API_TIMEOUT = 120
"""Seconds for one Engine API call; filling a workspace volume is the longest."""


def docker_host(base_url: str | None) -> DockerHost:
    """The block for `base_url`, or for the environment's engine (DOCKER_HOST, else the local socket)."""
    return DockerHost(base_url=base_url, timeout=API_TIMEOUT, max_pool_size=32)


def saved_docker_host() -> DockerHost | None:
    """The block a team saved in Prefect, or None when there is none."""
    try:
        loaded = DockerHost.load(BLOCK, _sync=True)
    except ValueError:  # Prefect's way to say that no such block is saved
        return None
    return loaded if isinstance(loaded, DockerHost) else None


def client(host: DockerHost) -> DockerClient:
    """A client of that engine. Raises docker's DockerException when nothing answers."""
    connected: DockerClient = host.get_client()
    connected.ping()
    return connected
