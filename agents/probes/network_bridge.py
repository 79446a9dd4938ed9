"""The engine's bridge, and with it the machine and other containers."""

from __future__ import annotations

from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen
from agents.probes.network import interfaces, reach


class NetworkBridge(Probe):
    """Interfaces, and the bridges' own addresses."""

    name: ClassVar[str] = "network-bridge"
    tries: ClassVar[str] = "find a network interface; reach the engine's addresses on its bridges"
    holds: ClassVar[str] = "a network namespace without any network"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """Any interface but the loopback is one too many."""
        for interface in interfaces():
            seen.escaped(f"there is a network interface {interface}")
        for gateway in place.gateways or ("172.17.0.1",):
            reach(seen, "the engine's bridge", gateway, (2375, 2376, 22, place.port or 80))
