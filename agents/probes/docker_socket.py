"""The engine's own API: who has it has the machine."""

from __future__ import annotations

import socket
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen


class DockerSocket(Probe):
    """Sockets of container engines, and the hub's own socket by path."""

    name: ClassVar[str] = "docker-socket"
    tries: ClassVar[str] = "connect to the sockets of container engines, and to one of the hub's"
    holds: ClassVar[str] = "a mount namespace with the image's files alone"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """By every path they have."""
        for path in (
            "/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock",
            "/run/crio/crio.sock", "/host/var/run/docker.sock", "/proc/1/root/run/docker.sock", place.socket,
        ):  # fmt: skip
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.settimeout(5)
                seen.attempt(f"connected to {path}", probe.connect, path)
