"""A real server with the hardened application behind it, and a client that says exactly what a test wants."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvicorn
from starlette.types import ASGIApp

from ui.hardening.server import server_config
from ui.hardening.stack import harden
from ui.settings import WebSettings

Serve = Callable[..., int]


@contextmanager
def serving(app: ASGIApp, settings: WebSettings) -> Iterator[int]:
    """Serve the hardened `app` on a free port, and give that."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(server_config(harden(app, settings), settings, log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive(), "the server does not stop"


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A function from an application and settings to the port it is served on until the test ends."""
    with ExitStack() as running:
        yield lambda app, **settings: running.enter_context(serving(app, WebSettings(**settings)))


_HEAD = re.compile(rb"HTTP/1\.1 .*?\r\n\r\n", re.DOTALL)


class Wire:
    """A connection on which a test writes bytes and reads what comes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def head(self) -> str:
        """The head of the next answer, without what is left of the one before; shorter where the connection ends."""
        came = b""
        while not (found := _HEAD.search(came)) and (data := self.socket.recv(4096)):
            came += data
        return (found.group() if found else came).decode("latin-1")

    def is_closed(self) -> bool:
        """Whether the server ends the connection within the socket's patience."""
        try:
            while self.socket.recv(65536):
                continue
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False
        return True


def is_served(connection: Wire) -> bool:
    """Whether a request on `connection` is answered with 200."""
    try:
        connection.send(b"GET /api/seen HTTP/1.1\r\nHost: x\r\n\r\n")
        return connection.head().startswith("HTTP/1.1 200 ")
    except ConnectionError:
        return False


@pytest.fixture
def wire() -> Iterator[Callable[[int], Wire]]:
    """A function from a port to a connection to it, closed when the test ends."""
    with ExitStack() as opened:

        def connect(port: int) -> Wire:
            made = Wire(port)
            opened.enter_context(made.socket)
            return made

        yield connect
