"""What happens before there is a request: heads that do not come, connections that pile up."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable

import pytest
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from tests.ui.hardening.apps import fastapi, plain
from tests.ui.hardening.conftest import Serve, Wire, is_served, serving
from ui.hardening.server import GRACE, STREAM_GRACE
from ui.settings import WebSettings

GET = b"GET /api/seen HTTP/1.1\r\nHost: x\r\n"
OK = "HTTP/1.1 200 "


@pytest.mark.parametrize("begin", [b"", b"G", GET + b"X-Slow: 1"])
def test_a_head_that_does_not_come_ends_the_connection(serve: Serve, wire: Callable[[int], Wire], begin: bytes) -> None:
    connection = wire(serve(fastapi(), header_timeout=0.3))
    connection.send(begin)
    assert connection.is_closed()


def test_neither_does_the_second_request_dawdle(serve: Serve, wire: Callable[[int], Wire]) -> None:
    connection = wire(serve(fastapi(), header_timeout=0.3, keep_alive_timeout=60))
    connection.send(GET + b"\r\n")
    assert connection.head().startswith(OK)
    connection.send(GET)
    assert connection.is_closed()


def test_an_idle_connection_is_kept_for_its_own_time(serve: Serve, wire: Callable[[int], Wire]) -> None:
    connection = wire(serve(plain, header_timeout=0.1, keep_alive_timeout=1))
    connection.send(GET + b"\r\n")
    assert connection.head().startswith(OK)
    time.sleep(0.3)  # the pause is what is tested: three times what a head may take
    connection.send(GET + b"\r\n")
    assert connection.head().startswith(OK)
    assert connection.is_closed()


def test_a_head_that_is_too_large_is_400(serve: Serve, wire: Callable[[int], Wire]) -> None:
    connection = wire(serve(fastapi(), max_header_kb=4))
    connection.send(GET + b"X-Large: " + b"x" * 8000)
    assert connection.head().startswith("HTTP/1.1 400 ")
    assert connection.is_closed()


def test_one_peer_gets_no_more_connections_than_its_share(serve: Serve, wire: Callable[[int], Wire]) -> None:
    port = serve(fastapi(), max_connections_per_client=2)
    first, second = wire(port), wire(port)
    assert is_served(first)
    assert is_served(second)
    assert not is_served(wire(port))
    first.socket.close()
    limit = time.monotonic() + 10
    while not is_served(wire(port)):  # until the server has seen that it left
        assert time.monotonic() < limit, "a connection that ended still counts"


def test_beyond_all_connections_the_answer_is_503(serve: Serve, wire: Callable[[int], Wire]) -> None:
    port = serve(fastapi(), max_connections=3)
    opened = [wire(port) for _ in range(3)]
    opened[-1].send(GET + b"\r\n")
    assert opened[-1].head().startswith("HTTP/1.1 503 ")


def test_connections_without_a_request_do_not_pile_up(serve: Serve, wire: Callable[[int], Wire]) -> None:
    port = serve(fastapi(), max_connections=2, header_timeout=600)
    opened = [wire(port) for _ in range(5)]
    assert opened[-1].is_closed()


async def waits(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await plain(scope, receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    await send({"type": "http.response.body", "body": b":\n\n", "more_body": True})
    await asyncio.Event().wait()


def test_one_client_has_only_so_many_requests_under_way(serve: Serve, wire: Callable[[int], Wire]) -> None:
    port = serve(waits, max_connections_per_client=2, trusted_proxies="127.0.0.1")

    def ask(client: str) -> str:
        connection = wire(port)
        connection.send(b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: " + client.encode() + b"\r\n\r\n")
        return connection.head().split(" ")[1]

    assert [ask("198.51.100.1") for _ in range(3)] == ["200", "200", "429"]
    assert ask("198.51.100.2") == "200"


async def streams(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await plain(scope, receive, send)
        return

    async def beats() -> AsyncIterator[str]:
        while True:
            yield ":\n\n"
            await asyncio.sleep(60)

    await StreamingResponse(beats(), media_type="text/event-stream")(scope, receive, send)


def test_an_endless_answer_does_not_hold_up_the_servers_end(
    wire: Callable[[int], Wire], caplog: pytest.LogCaptureFixture
) -> None:
    with serving(streams, WebSettings()) as port:
        connection = wire(port)
        connection.send(GET + b"\r\n")
        assert connection.head().startswith(OK)
        begun = time.monotonic()
    assert time.monotonic() - begun < GRACE
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert connection.is_closed()


def test_a_request_under_way_is_answered_before_the_server_ends(wire: Callable[[int], Wire]) -> None:
    arrived = threading.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            arrived.set()
            await asyncio.sleep(2 * STREAM_GRACE)  # the pause is what is tested: longer than a stream may take
        await plain(scope, receive, send)

    with serving(slow, WebSettings()) as port:
        connection = wire(port)
        connection.send(GET + b"\r\n")
        assert arrived.wait(20)
    assert connection.head().startswith(OK)


def test_websockets_are_refused(serve: Serve, wire: Callable[[int], Wire]) -> None:
    connection = wire(serve(fastapi()))
    connection.send(
        b"GET /api/seen HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    head = connection.head()
    assert head.startswith("HTTP/1.1 ")
    assert not head.startswith("HTTP/1.1 101 ")


def test_the_server_does_not_say_what_it_is(serve: Serve, wire: Callable[[int], Wire]) -> None:
    connection = wire(serve(fastapi()))
    connection.send(GET + b"\r\n")
    head = connection.head()
    assert head.startswith(OK)
    assert "uvicorn" not in head.lower()
