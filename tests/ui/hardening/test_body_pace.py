"""A body keeps coming, or the request ends."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.ui.hardening.apps import fastapi
from tests.ui.hardening.conftest import Serve, Wire

HEAD = b"POST /api/items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize("framing", [b"Content-Length: 100\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"])
def test_a_body_that_stops_is_408_and_the_connection_ends(serve: Serve, wire: Callable[[int], Wire], framing: bytes) -> None:
    connection = wire(serve(fastapi(), body_timeout=0.3))
    connection.send(HEAD + framing)
    head = connection.head()
    assert head.startswith("HTTP/1.1 408 ")
    assert "application/problem+json" in head
    assert connection.is_closed()


def test_a_body_that_trickles_is_408(serve: Serve, wire: Callable[[int], Wire]) -> None:
    connection = wire(serve(fastapi(), body_timeout=0.3, min_body_rate=1000))
    connection.send(HEAD + b"Content-Length: 10000\r\n\r\n")
    answered = threading.Event()

    def trickle() -> None:
        while not answered.wait(0.05):
            connection.send(b" ")

    sender = threading.Thread(target=trickle)
    sender.start()
    try:
        assert connection.head().startswith("HTTP/1.1 408 ")
    finally:
        answered.set()
        sender.join()


def test_a_large_body_has_more_time_than_a_small_one(serve: Serve, wire: Callable[[int], Wire]) -> None:
    body = b'{"value": "' + b"x" * 100_000 + b'"}'
    connection = wire(serve(fastapi(), body_timeout=0.2, min_body_rate=10_000))
    connection.send(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:100_000])
    # The pause is what is tested: longer than the time of an empty body, far less than what these bytes earned.
    threading.Event().wait(0.5)
    connection.send(body[100_000:])
    assert connection.head().startswith("HTTP/1.1 200 ")
