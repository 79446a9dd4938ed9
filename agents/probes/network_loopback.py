"""The hub's own services, which listen on its loopback."""

from __future__ import annotations

import socket
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen


class NetworkLoopback(Probe):
    """TCP on 127.0.0.1 and ::1, and an abstract socket."""

    name: ClassVar[str] = "network-loopback"
    tries: ClassVar[str] = "connect to a port and an abstract socket that the hub listens on"
    holds: ClassVar[str] = "a network namespace without any network"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """The hub tells when a connection arrives, whatever is said here."""
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.settimeout(5)
                seen.attempt(f"connected to the hub's port on {address}", probe.connect, (address, place.port))
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            seen.attempt("connected to the hub's abstract socket", probe.connect, "\0" + place.token)
