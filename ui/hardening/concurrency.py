"""No client holds all the room: requests of one address that are under way at once."""

from __future__ import annotations

from collections import Counter

from starlette.types import ASGIApp, Receive, Scope, Send

from ui.hardening.client import client_key
from ui.hardening.problem import Problem, answer


class Concurrency:
    """Answers 429 to a client that has `limit` requests under way already, event streams included."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit
        self.under_way: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request if its client has room for it."""
        key = client_key(scope)
        if self.under_way[key] >= self.limit:
            detail = f"{self.limit} requests from your address are under way. Wait for one to end."
            await answer(Problem(status=429, detail=detail), scope, {"Retry-After": "1"})(scope, receive, send)
            return
        self.under_way[key] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.under_way[key] -= 1
            if not self.under_way[key]:
                del self.under_way[key]  # addresses come and go: none is kept
