"""Whether a request comes from a page of this site, as the browser says."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

_PORTS = {"http": 80, "https": 443}


def same_origin(connection: HTTPConnection, public_url: str) -> bool:
    """Whether a page of this site sent the request. No, where the browser tells nothing.

    `Sec-Fetch-Site` can't be set by pages and takes proxies into account; browsers send it where the connection is secure
    or local. Elsewhere `Origin` is compared with the host that was asked for, and with the public address.
    """
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = _parts(connection.headers.get("origin", ""))
    asked = f"{connection.scope['scheme']}://{connection.headers.get('host', '')}"
    return origin is not None and origin in {_parts(asked), _parts(public_url)}


def _parts(address: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]
