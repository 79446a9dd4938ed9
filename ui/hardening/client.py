"""Who asks: the address of the client, also behind proxies, and nobody else's word for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.settings import Network

Address = IPv4Address | IPv6Address

FORWARDED = (b"x-forwarded-", b"forwarded", b"x-real-ip")
"""Beginnings of headers that only a proxy may say: from anybody else, what is behind must not see them."""


def read_address(text: str) -> Address | None:
    """The address in `text`, also with a port behind it and as IPv4 in IPv6's clothes; None where there is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def is_trusted(address: Address | None, proxies: Iterable[Network]) -> bool:
    """Whether `address` is one of `proxies`."""
    return address is not None and any(address in network for network in proxies if network.version == address.version)


def furthest_known(peer: Address, forwarded: Sequence[str], proxies: Sequence[Network]) -> Address:
    """The first hop, seen from here, that is no trusted proxy.

    `forwarded` are the hops of X-Forwarded-For, oldest first. Each was written by the hop after it, so they are
    read from the end, and no further than the hops can be trusted: what a client puts in front counts for nothing.
    """
    known = peer
    for hop in reversed(forwarded):
        if not is_trusted(known, proxies):
            break
        address = read_address(hop)
        if address is None:
            break  # the proxy that passed this on is the last one known
        known = address
    return known


def client_key(scope: Scope) -> str:
    """What stands for the client of `scope` where something is counted.

    Of IPv6 the network of 64 bits: that is what one subscriber gets, and may change addresses within.
    """
    client = scope.get("client")
    address = read_address(client[0]) if client else None
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address or "unknown")


def came_through_proxy(scope: Scope) -> bool:
    """Whether a trusted proxy handed in the request of `scope`."""
    return bool(scope.get("state", {}).get("through_proxy"))


class ClientAddress:
    """Puts the client's address and the scheme it used into the scope, from trusted proxies' headers where they are."""

    def __init__(self, app: ASGIApp, proxies: Sequence[Network]) -> None:
        self.app = app
        self.proxies = tuple(proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request with its real client in the scope."""
        given = scope.get("client")
        peer = read_address(given[0]) if given else None
        through = is_trusted(peer, self.proxies)
        scope.setdefault("state", {})["through_proxy"] = through
        if through and peer and given:
            headers = Headers(scope=scope)
            hops = [hop for line in headers.getlist("x-forwarded-for") for hop in line.split(",")]
            client = furthest_known(peer, hops, self.proxies)
            scope["client"] = (str(client), 0 if client != peer else given[1])
            scheme = headers.getlist("x-forwarded-proto")[-1:]
            if scheme and (last := scheme[0].rpartition(",")[2].strip().lower()) in {"http", "https"}:
                scope["scheme"] = last
        else:
            scope["headers"] = [pair for pair in scope["headers"] if not pair[0].lower().startswith(FORWARDED)]
        await self.app(scope, receive, send)
