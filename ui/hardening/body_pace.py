"""Bodies arrive at a pace: a client that sends a byte now and then holds no request open."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.hardening.problem import Problem
from ui.hardening.refusal import refuse


class BodyPace:
    """Answers 408 when a body takes longer than `seconds` and one more for each `rate` bytes of it that came.

    The clock runs while the application waits for the body: what it does between two pieces is not the client's fault.
    """

    def __init__(self, app: ASGIApp, seconds: float, rate: int) -> None:
        self.app = app
        self.seconds = seconds
        self.rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request as long as its body comes."""
        left = self.seconds
        complete = False

        async def paced() -> Message:
            nonlocal left, complete
            if complete:  # nothing but the client's leaving is awaited any more
                return await receive()
            loop = asyncio.get_running_loop()
            began = loop.time()
            try:
                async with asyncio.timeout(max(left, 0)):
                    message = await receive()
            except TimeoutError as error:
                detail = f"The body came too slowly: at least {self.rate} bytes a second are expected. Send it again."
                raise refuse(scope, Problem(status=408, detail=detail)) from error
            left -= loop.time() - began
            left += len(message.get("body", b"")) / self.rate
            complete = not message.get("more_body", False)
            return message

        await self.app(scope, paced, send)
