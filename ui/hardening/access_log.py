"""One line of JSON for every request."""

from __future__ import annotations

import json
import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.hardening.request_id import request_id

log = logging.getLogger("dockyard.access")

MAX_PATH = 256
"""Characters of a path that are logged: a line is for finding a request, not for keeping it."""


class AccessLog:
    """Logs method, path, status, time and client of each request, and nothing that could be a secret.

    No query, header or body is ever logged: tokens, cookies and passwords are in those. As JSON, a path cannot
    begin a line of its own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and log it when it has ended; a status of 0 means that it ended without an answer."""
        began = time.perf_counter()
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            client = scope.get("client")
            line = {
                "event": "request",
                "request_id": request_id(scope),
                "client": client[0] if client else None,
                "method": scope["method"],
                "path": scope["path"][:MAX_PATH],
                "status": status,
                "seconds": round(time.perf_counter() - began, 4),
            }
            log.info("%s", json.dumps(line))
