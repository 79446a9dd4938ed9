"""The internet."""

from __future__ import annotations

from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen
from agents.probes.network import reach


class NetworkInternet(Probe):
    """Addresses kept for documentation: nobody's."""

    name: ClassVar[str] = "network-internet"
    tries: ClassVar[str] = "find a route to IPv4 and IPv6 addresses elsewhere, and connect"
    holds: ClassVar[str] = "a network namespace without any network"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """A route is enough to fail; where there is one, nothing is sent."""
        for address in ("198.51.100.1", "203.0.113.1", "2001:db8::1"):
            reach(seen, "the internet", address, (80, 443))
