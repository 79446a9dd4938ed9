"""No body larger than allowed, and no more of one read than shows it."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.hardening.problem import Problem, answer
from ui.hardening.refusal import refuse

MEBIBYTE = 1 << 20


class BodyLimit:
    """Answers 413 to bodies over `max_mb` MiB: by the length they declare, else when that much has come."""

    def __init__(self, app: ASGIApp, max_mb: int) -> None:
        self.app = app
        self.max_bytes = max_mb * MEBIBYTE
        self.problem = Problem(
            status=413,
            detail=f"The body is larger than {max_mb} MiB. Send less, or raise DOCKYARD_MAX_BODY_MB.",
            extensions={"max_bytes": self.max_bytes},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request unless its body is too large."""
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self.max_bytes:
            await answer(self.problem, scope)(scope, receive, send)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            if came > self.max_bytes:  # an application that goes on reading after it was told
                raise refuse(scope, self.problem)
            message = await receive()
            came += len(message.get("body", b""))
            if came > self.max_bytes:
                raise refuse(scope, self.problem)
            return message

        await self.app(scope, counted, send)
