"""Bodies over the limit get 413, whatever way they come, and are not read to their end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.ui.hardening.apps import fastapi, plain
from tests.ui.hardening.conftest import Serve, Wire

MIB = 1 << 20


def is_413(answer: httpx.Response) -> bool:
    return (
        answer.status_code == 413
        and answer.headers["content-type"] == "application/problem+json"
        and answer.json()["max_bytes"] == MIB
    )


def pieces(size: int) -> Iterator[bytes]:
    """A JSON string of `size` bytes and its frame, in pieces: httpx sends an iterator chunked."""
    yield b'{"value": "'
    for _ in range(size // 4096):
        yield b"x" * 4096
    yield b'"}'


JSON = {"Content-Type": "application/json"}


def test_by_declared_length_before_any_of_it_is_sent(serve: Serve, wire: Callable[[int], Wire]) -> None:
    connection = wire(serve(fastapi()))
    size = 10 * MIB + 1
    connection.send(f"POST /api/items HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
    assert connection.head().startswith("HTTP/1.1 413 ")
    assert connection.is_closed()  # nobody waits for the rest


def test_expect_100_is_answered_by_413_and_not_by_go_on(serve: Serve, wire: Callable[[int], Wire]) -> None:
    connection = wire(serve(fastapi()))
    connection.send(b"POST /api/items HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
    assert connection.head().startswith("HTTP/1.1 413 ")


def test_chunked_on_a_json_route(serve: Serve) -> None:
    port = serve(fastapi(), max_body_mb=1)
    assert is_413(httpx.post(f"http://127.0.0.1:{port}/api/items", content=pieces(MIB), headers=JSON))


@pytest.mark.parametrize("size", [4096, MIB - 4096])
def test_what_fits_arrives_chunked_or_not(serve: Serve, size: int) -> None:
    url = f"http://127.0.0.1:{serve(fastapi(), max_body_mb=1)}/api/items"
    for content in (pieces(size), b"".join(pieces(size))):
        answer = httpx.post(url, content=content, headers=JSON)
        assert answer.status_code == 200
        assert len(answer.json()["value"]) == size


def test_multipart_with_and_without_a_length(serve: Serve) -> None:
    url = f"http://127.0.0.1:{serve(fastapi(), max_body_mb=1)}/api/files"
    assert httpx.post(url, files={"file": b"x" * (MIB - 1000)}).json() == MIB - 1000
    assert is_413(httpx.post(url, files={"file": b"x" * MIB}))
    request = httpx.Request("POST", url, files={"file": b"x" * MIB})
    chunked = httpx.post(url, content=iter([request.read()]), headers={"Content-Type": request.headers["Content-Type"]})
    assert is_413(chunked)


def test_a_body_that_never_ends_is_cut_off(serve: Serve, wire: Callable[[int], Wire]) -> None:
    connection = wire(serve(fastapi(), max_body_mb=1))
    connection.send(
        b"POST /api/items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + b"[" * 0x10000 + b"\r\n"
    sent = 0
    try:
        while sent < 200 * MIB:
            connection.send(chunk)
            sent += len(chunk)
    except ConnectionError:
        pass  # the server's way of saying that it is enough; how much went before is what counts
    assert sent < 100 * MIB


def test_an_endless_body_is_cut_off_where_the_application_reads_none(serve: Serve, wire: Callable[[int], Wire]) -> None:
    connection = wire(serve(plain))
    connection.send(b"POST /page HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
    assert connection.head().startswith("HTTP/1.1 200 ")
    assert connection.is_closed()
