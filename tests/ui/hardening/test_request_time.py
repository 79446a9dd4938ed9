"""Answers begin and go on in time; event streams may pause."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from tests.ui.hardening.apps import plain
from tests.ui.hardening.conftest import Serve, Wire, is_served


class Slow:
    """Routes that wait for the test, and what became of them."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.cancelled = threading.Event()
        self.app = FastAPI()
        self.app.get("/api/waits")(self.waits)
        self.app.get("/api/blocks")(self.blocks)
        self.app.get("/stream")(self.stream)
        self.app.get("/stalls")(self.stalls)

    async def waits(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    def blocks(self) -> None:
        self.release.wait(60)

    def stream(self) -> StreamingResponse:
        return StreamingResponse(self._pieces(), media_type="text/event-stream")

    def stalls(self) -> StreamingResponse:
        return StreamingResponse(self._pieces(), media_type="text/plain")

    async def _pieces(self) -> AsyncIterator[bytes]:
        yield b"data: first\n\n"
        while not self.release.is_set():
            await asyncio.sleep(0.01)
        yield b"data: last\n\n"


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow()
    yield made
    made.release.set()


@pytest.mark.parametrize("path", ["/api/waits", "/api/blocks"])
def test_no_answer_in_time_is_504(serve: Serve, slow: Slow, path: str) -> None:
    answer = httpx.get(f"http://127.0.0.1:{serve(slow.app, request_timeout=0.3)}{path}", timeout=20)
    slow.release.set()
    assert answer.status_code == 504
    assert answer.headers["content-type"] == "application/problem+json"
    if path == "/api/waits":
        assert slow.cancelled.wait(10), "the route goes on for nobody"


def test_an_event_stream_may_pause_longer_than_an_answer_may_take(serve: Serve, slow: Slow) -> None:
    url = f"http://127.0.0.1:{serve(slow.app, request_timeout=0.2)}/stream"
    with httpx.stream("GET", url, timeout=20) as answer:
        parts = answer.iter_raw()
        assert next(parts) == b"data: first\n\n"
        assert not slow.release.wait(0.6)  # three times as long
        slow.release.set()
        assert b"".join(parts) == b"data: last\n\n"


def test_any_other_answer_that_stops_is_ended(serve: Serve, slow: Slow) -> None:
    url = f"http://127.0.0.1:{serve(slow.app, request_timeout=0.3)}/stalls"
    with httpx.stream("GET", url, timeout=20) as answer, pytest.raises(httpx.RemoteProtocolError):
        answer.read()


def test_a_client_that_does_not_read_is_left_and_its_connection_ended(serve: Serve, wire: Callable[[int], Wire]) -> None:
    ended = threading.Event()

    async def flood(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/flood":
            await plain(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
        finally:
            ended.set()

    port = serve(flood, send_timeout=0.3, max_connections_per_client=1)
    wire(port).send(b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n")
    assert ended.wait(20), "the stream is written for nobody"
    limit = time.monotonic() + 20
    while not is_served(wire(port)):
        assert time.monotonic() < limit, "the connection stays"


def test_a_body_on_its_way_is_not_the_applications_time(serve: Serve, wire: Callable[[int], Wire]) -> None:
    app = FastAPI()

    @app.post("/api/echo")
    def echo(value: dict[str, int]) -> dict[str, int]:
        return value

    connection = wire(serve(app, request_timeout=0.3, body_timeout=10))
    connection.send(b"POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{")
    threading.Event().wait(0.8)  # the pause is what is tested
    connection.send(b'"a": 1}')
    assert connection.head().startswith("HTTP/1.1 200 ")
