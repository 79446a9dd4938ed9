"""No request runs for ever, on either side's account."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.hardening.problem import Problem
from ui.hardening.refusal import refusal, refuse


class SlowReaderError(Exception):
    """The client did not take the answer in time; the connection is given up."""


class RequestTime:
    """Answers 504 when no answer begins within `seconds`, and ends one that does not go on within as many.

    An event stream begins at once and then may say nothing for hours: it is told by the media type of its answer,
    `text/event-stream`, and only its beginning is timed. While a body is on its way, `BodyPace` has the clock. Each
    piece of an answer, of a stream as well, must be taken by the client within `send_seconds`.
    """

    def __init__(self, app: ASGIApp, seconds: float, send_seconds: float) -> None:
        self.app = app
        self.seconds = seconds
        self.send_seconds = send_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request as long as it goes on."""
        loop = asyncio.get_running_loop()
        started = streams = complete = False

        def wind(running: bool) -> None:
            if not clock.expired():
                clock.reschedule(loop.time() + self.seconds if running else None)

        async def timed_receive() -> Message:
            nonlocal complete
            if complete:  # only waits for the client to leave: time goes on
                return await receive()
            wind(False)
            try:
                message = await receive()
            finally:
                wind(True)
            complete = not message.get("more_body", False)
            return message

        async def timed_send(message: Message) -> None:
            nonlocal started, streams
            if message["type"] == "http.response.start":
                started = True
                streams = Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
            wind(False)
            try:
                async with asyncio.timeout(self.send_seconds):
                    await send(message)
            except TimeoutError as error:
                raise SlowReaderError(f"the client took nothing for {self.send_seconds} s") from error
            wind(not streams and bool(message.get("more_body", message["type"] == "http.response.start")))

        try:
            async with asyncio.timeout(self.seconds) as clock:
                await self.app(scope, timed_receive, timed_send)
        except TimeoutError as error:
            if not clock.expired() or refusal(scope):
                raise
            if started:
                raise TimeoutError(f"an answer stopped for {self.seconds} s") from error
            detail = (
                f"There was no answer within {self.seconds:g} s. It may still have an effect: look before you repeat it."
            )
            raise refuse(scope, Problem(status=504, detail=detail)) from error
