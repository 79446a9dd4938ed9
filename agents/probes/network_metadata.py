"""The address where clouds hand out credentials."""

from __future__ import annotations

from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen
from agents.probes.network import reach


class NetworkMetadata(Probe):
    """The link-local addresses of metadata services."""

    name: ClassVar[str] = "network-metadata"
    tries: ClassVar[str] = "reach the metadata address of clouds"
    holds: ClassVar[str] = "a network namespace without any network"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """A route is enough to fail; where there is one, nothing is sent."""
        for address in ("169.254.169.254", "169.254.170.2", "fd00:ec2::254"):
            reach(seen, "the metadata service", address, (80,))
