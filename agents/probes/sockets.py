"""Sockets of unusual families: raw packets, the kernel's crypto, netlink, virtual machines."""

from __future__ import annotations

import socket
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen

FAMILIES = {
    "packet": 17, "netlink": 16, "vsock": 40, "crypto": 38, "Bluetooth": 31, "CAN": 29, "XDP": 44, "TIPC": 30, "key": 15,
    "X.25": 9, "RDS": 21, "QIPCRTR": 42,
}  # fmt: skip


class Sockets(Probe):
    """Every family that isn't UNIX, IPv4 or IPv6, and raw IP."""

    name: ClassVar[str] = "socket-families"
    tries: ClassVar[str] = "open packet, netlink, vsock, crypto, Bluetooth, CAN, XDP and raw sockets"
    holds: ClassVar[str] = "seccomp, no capabilities"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """The kernel's drivers behind them have a long list of bugs."""
        for name, family in FAMILIES.items():
            seen.call(f"opened a {name} socket", _opened, family, 0)
        for family in (socket.AF_INET, socket.AF_INET6):
            seen.call("opened a raw IP socket", _opened, family, 255)


def _opened(family: int, protocol: int) -> None:
    socket.socket(family, socket.SOCK_RAW, protocol).close()
