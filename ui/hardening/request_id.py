"""A name for every request, so that a log line, an answer and a person's report can be brought together."""

from __future__ import annotations

import re
import uuid
from contextvars import ContextVar

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.hardening.client import came_through_proxy

HEADER = "x-request-id"
ACCEPTED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
"""What a proxy may name a request: nothing that could forge a log line or an answer."""

current: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that the running code serves, for log lines of other parts."""


def request_id(scope: Scope) -> str | None:
    """The id of the request of `scope`; None outside of the middleware."""
    found = scope.get("state", {}).get("request_id")
    return found if isinstance(found, str) else None


class RequestId:
    """Gives each request an id and says it in the answer. One from outside counts from a trusted proxy alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request under its id."""
        given = Headers(scope=scope).get(HEADER, "") if came_through_proxy(scope) else ""
        own = given if ACCEPTED.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = own

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = own
            await send(message)

        token = current.set(own)
        try:
            await self.app(scope, receive, named)
        finally:
            current.reset(token)
