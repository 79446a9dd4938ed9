"""So many requests a minute for one client on the API."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.hardening.client import client_key
from ui.hardening.paths import is_below
from ui.hardening.problem import Problem, answer
from ui.hardening.rate_window import Count, RateWindow


def headers_of(count: Count) -> dict[str, str]:
    """How much is left, in the RateLimit headers that clients know (draft-ietf-httpapi-ratelimit-headers, until 07)."""
    headers = {
        "RateLimit-Limit": str(count.limit),
        "RateLimit-Remaining": str(count.remaining),
        "RateLimit-Reset": str(count.reset),
        "RateLimit-Policy": f"{count.limit};w={count.window}",
    }
    return headers if count.allowed else headers | {"Retry-After": str(count.reset)}


Refuse = Callable[[Scope, Count], Response]
"""Makes the answer to a request too many; what headers it needs are added."""


def refuse_with_problem(scope: Scope, count: Count) -> Response:
    """The answer for programs."""
    detail = f"More than {count.limit} requests in {count.window} s. Ask again in {count.reset} s."
    return answer(Problem(status=429, detail=detail), scope)


class RateLimit:
    """Answers 429 to a client that asked too often below `prefix`; tells everybody there how much is left."""

    def __init__(self, app: ASGIApp, window: RateWindow, prefix: str, refuse: Refuse = refuse_with_problem) -> None:
        self.app = app
        self.window = window
        self.prefix = prefix
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request if its client has any left."""
        if scope["type"] != "http" or not is_below(scope, self.prefix):
            await self.app(scope, receive, send)
            return
        count = await self.window.hit(f"{self.prefix} {client_key(scope)}")
        headers = headers_of(count)
        if not count.allowed:
            response = self.refuse(scope, count)
            response.headers.update(headers)
            await response(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self.app(scope, receive, told)
