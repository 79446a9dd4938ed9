"""The web server: uvicorn, bounded where middleware cannot be, before a request is there."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any, ClassVar, cast

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from ui.hardening.client import is_trusted, read_address
from ui.settings import WebSettings

KIBIBYTE = 1 << 10

LINGER = 2.0
"""Seconds that a client may go on sending a body whose request is answered. Closing at once would make
many clients lose the answer: their system drops it when the connection is reset."""
MAX_UNWANTED = 1 << 20
"""Bytes of such a body that are thrown away at most."""

GRACE = 5
"""Seconds that requests under way have when the server is told to stop."""
STREAM_GRACE = 0.5
"""Seconds that answers have then which are being sent already: what streams to an open page ends by itself never."""


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 of uvicorn, with an end to heads that do not come, to bodies nobody wants and to a peer's connections."""

    settings: ClassVar[WebSettings]
    held: ClassVar[Counter[str]]

    head_clock: asyncio.TimerHandle | None = None
    linger_clock: asyncio.TimerHandle | None = None
    reader_clock: asyncio.TimerHandle | None = None
    stream_clock: asyncio.TimerHandle | None = None
    peer: str | None = None
    unwanted = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Accept a connection, unless its peer or all peers together have too many."""
        super().connection_made(transport)
        address = read_address(self.client[0]) if self.client else None
        if not is_trusted(address, self.settings.trusted_proxies):  # a proxy brings everybody's
            self.peer = str(address)
            self.held[self.peer] += 1
        # Beyond its limit uvicorn answers 503 to requests, and connections without one would still pile up.
        total = len(self.connections) > 2 * self.settings.max_connections
        if total or (self.peer and self.held[self.peer] > self.settings.max_connections_per_client):
            transport.abort()
            return
        self._wind_clocks()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        super().connection_lost(exc)
        for clock in (self.head_clock, self.linger_clock, self.reader_clock, self.stream_clock):
            if clock:
                clock.cancel()
        if self.peer:
            self.held[self.peer] -= 1
            if not self.held[self.peer]:
                del self.held[self.peer]

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._is_unwanted():
            self.unwanted += len(data)
            if self.unwanted > MAX_UNWANTED:
                self._give_up()
        self._wind_clocks()

    def on_response_complete(self) -> None:
        """Go on with the connection after an answer."""
        super().on_response_complete()
        self.unwanted = 0
        self._wind_clocks()
        self._watch_reader()

    def timeout_keep_alive_handler(self) -> None:
        """End a connection that was idle for its time."""
        super().timeout_keep_alive_handler()
        self._watch_reader()

    def shutdown(self) -> None:
        """End the connection as soon as its answer is sent, for the server stops; an endless one ends before."""
        super().shutdown()
        # Its application is told that the client left, which every stream has to bear. uvicorn would cancel it instead.
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None before the first request, whatever uvicorn declares
        if cycle and cycle.response_started and not cycle.response_complete:
            self.stream_clock = self.loop.call_later(STREAM_GRACE, self._end_stream, cycle)

    def pause_writing(self) -> None:
        """Stop writing until the client has read; `RequestTime` ends the request if it does not."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """Go on writing."""
        super().resume_writing()
        self._watch_reader()

    def _watch_reader(self) -> None:
        # Closing waits until all is sent, for ever if the client reads nothing: then only aborting ends it.
        waits = self.flow.write_paused or self.transport.is_closing()
        if not waits and self.reader_clock:
            self.reader_clock.cancel()
            self.reader_clock = None
        elif waits and not self.reader_clock:
            self.reader_clock = self.loop.call_later(self.settings.send_timeout + LINGER, self.transport.abort)

    def _end_stream(self, cycle: RequestResponseCycle) -> None:
        if cycle.response_complete or self.transport.is_closing():
            return
        cycle.disconnected = True  # what its application still sends goes nowhere
        cycle.message_event.set()
        with suppress(
            h11.LocalProtocolError
        ):  # an answer that was to have more bytes has no other end than the connection's
            self.transport.write(self.conn.send(h11.EndOfMessage()) or b"")
        self._give_up()

    def _is_unwanted(self) -> bool:
        return self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY

    def _wind_clocks(self) -> None:
        # While uvicorn's own clock for idle connections runs, nothing of a next request has come.
        waits = self.conn.their_state is h11.IDLE and self.timeout_keep_alive_task is None
        self.head_clock = self._wind(self.head_clock, waits, self.settings.header_timeout)
        self.linger_clock = self._wind(self.linger_clock, self._is_unwanted(), LINGER)

    def _wind(self, clock: asyncio.TimerHandle | None, running: bool, seconds: float) -> asyncio.TimerHandle | None:
        if not running and clock:
            clock.cancel()
            return None
        return self.loop.call_later(seconds, self._give_up) if running and not clock else clock

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
            self._watch_reader()


def server_config(app: ASGIApp, settings: WebSettings, **more: Any) -> uvicorn.Config:
    """How uvicorn serves `app`, which `ui.hardening.stack.harden` made; `more` goes to uvicorn as it is."""
    protocol = type("Protocol", (BoundedProtocol,), {"settings": settings, "held": Counter()})
    return uvicorn.Config(
        app,
        host=settings.page_host,
        port=settings.page_port,
        http=protocol,
        lifespan="on",  # an application that does not start ends the server, and says why
        ws="none",  # neither the page nor the API has any, so none needs guarding
        proxy_headers=False,  # ClientAddress reads them: uvicorn's default believes anybody on this machine
        server_header=False,
        access_log=False,  # AccessLog writes the line, without queries
        limit_concurrency=settings.max_connections,
        timeout_keep_alive=settings.keep_alive_timeout,
        timeout_graceful_shutdown=GRACE,
        h11_max_incomplete_event_size=settings.max_header_kb * KIBIBYTE,
        **more,
    )


def serve(app: ASGIApp, settings: WebSettings) -> None:
    """Serve `app` until the process is told to stop (SIGINT, SIGTERM)."""
    uvicorn.Server(server_config(app, settings)).run()
