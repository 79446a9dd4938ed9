"""The cookies of the site: the session, and the gates that links led to in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.responses import Response

from flows.service.accounts import Accounts, Session
from ui.settings import WebSettings

SESSION = "dockyard"
ARRIVALS = "dockyard-links"
PENDING = "dockyard-oidc"
_HOST = "__Host-"
"""Browsers keep a cookie of such a name only with Secure, for this host alone and all of its paths."""

_REMEMBERED = 8
"""Gates of a session: the oldest is forgotten for a ninth."""
_ARRIVAL = re.compile(r"([A-Za-z0-9_-]{1,64})\.([0-9a-f]{64})")


@dataclass(frozen=True)
class Cookies:
    """Reads and sets them as the address that people use demands."""

    settings: WebSettings

    def read(self, connection: HTTPConnection, name: str) -> str | None:
        """The value of a cookie, None where there is none."""
        return connection.cookies.get(self._full(connection, name))

    def put(self, response: Response, connection: HTTPConnection, name: str, value: str, seconds: int | None = None) -> None:
        """Let the browser keep a value for so long, or until it is closed; the hub ends a session sooner by itself."""
        response.set_cookie(
            self._full(connection, name),
            value,
            max_age=seconds,
            path="/",
            secure=self._secure(connection),
            httponly=True,
            samesite="lax",  # a link in a mail must find its reader signed in; what changes something is checked apart
        )

    def drop(self, response: Response, connection: HTTPConnection, *names: str) -> None:
        """Let the browser forget those of `names`, or all."""
        for name in names or (SESSION, ARRIVALS, PENDING):
            response.delete_cookie(
                self._full(connection, name), path="/", secure=self._secure(connection), httponly=True, samesite="lax"
            )

    def _secure(self, connection: HTTPConnection) -> bool:
        # A proxy that ends TLS and isn't trusted shows as plain HTTP: then the public address tells.
        return connection.url.scheme == "https" or self.settings.public_url.startswith("https://")

    def _full(self, connection: HTTPConnection, name: str) -> str:
        return f"{_HOST}{name}" if self._secure(connection) else name


def with_arrival(kept: str | None, gate: str, seal: str) -> str:
    """The cookie of arrivals with one more, the newest last."""
    others = [found for found in _ARRIVAL.findall(kept or "") if found[0] != gate]
    return "~".join(".".join(pair) for pair in [*others, (gate, seal)][-_REMEMBERED:])


def arrivals(kept: str | None, session: Session, accounts: Accounts) -> frozenset[str]:
    """The gates to which a link led the session's person, of those that the browser claims. Asks the database."""
    claimed = _ARRIVAL.findall(kept or "")[:_REMEMBERED]
    return frozenset(gate for gate, seal in claimed if accounts.came_by_link(session, gate, seal))
