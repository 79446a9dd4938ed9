"""What the probes of the network share: asking for a route sends nothing; only where there is none a call follows."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from pathlib import Path

from agents.probes.interface import Seen

SECONDS = 2.0


def reach(seen: Seen, what: str, address: str, ports: Iterable[int]) -> None:
    """Tell whether `address` can be reached: by a route first, and where there is none by a connection too."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        # Connecting a datagram socket looks the route up and sends no packet.
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
    except OSError as error:
        seen.refused(error.strerror or "no route")
    else:
        seen.escaped(f"there is a route to {what} ({address})")
        return
    for port in ports:
        try:
            with socket.create_connection((address, port), SECONDS):
                seen.escaped(f"connected to {what} ({address}:{port})")
        except OSError as error:
            seen.refused(error.strerror or str(error))


def interfaces() -> list[str]:
    """The network interfaces there are, `lo` left out."""
    # Not /sys/class/net: it is that of the namespace in which /sys was mounted.
    lines = Path("/proc/self/net/dev").read_text(encoding="utf-8").splitlines()[2:]
    return sorted({line.partition(":")[0].strip() for line in lines} - {"lo"})


def resolvers() -> list[str]:
    """The name servers of /etc/resolv.conf."""
    try:
        lines = Path("/etc/resolv.conf").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [parts[1] for line in lines if len(parts := line.split()) > 1 and parts[0] == "nameserver"]
