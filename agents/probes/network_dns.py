"""Name servers: a way out for secrets even where nothing else is."""

from __future__ import annotations

import socket
from typing import ClassVar

from agents.probes.interface import Probe, ProbeParams, Seen
from agents.probes.network import reach, resolvers


class NetworkDns(Probe):
    """The configured resolvers, the engine's own, and a look-up."""

    name: ClassVar[str] = "network-dns"
    tries: ClassVar[str] = "find a route to the name servers, and resolve a name"
    holds: ClassVar[str] = "a network namespace without any network"

    def attempt(self, place: ProbeParams, seen: Seen) -> None:
        """A name is looked up only where no resolver has a route."""
        servers = {*resolvers(), "198.51.100.53"} - {"127.0.0.1", "::1"}
        reached = Seen()
        for server in sorted(servers):
            if not server.startswith("127."):
                reach(reached, "a name server", server, (53,))
        if not reached.outcome().contained:
            seen.escaped(reached.outcome().detail)
            return
        seen.refused(reached.outcome().detail)
        seen.attempt("resolved a name", socket.getaddrinfo, "dockyard.invalid", 80)
