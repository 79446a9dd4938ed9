"""The page on a port of its own, as whoever the test says."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from flows.settings import Settings
from ui.page.build import build, mount
from ui.page.visitor import Visitor

STARTING_SECONDS = 60


@contextmanager
def serving(settings: Settings, visitor: Visitor) -> Iterator[str]:
    """Serve the page to everybody as `visitor`; gives its address."""
    app = mount(FastAPI(), build(settings, lambda _request: visitor))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [free]}, daemon=True)
        thread.start()
        end = time.monotonic() + STARTING_SECONDS
        while not server.started and thread.is_alive():
            assert time.monotonic() < end, "the page did not start"
            thread.join(0.05)
        assert server.started, "the page ended while it started"
        try:
            yield f"http://127.0.0.1:{free.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(STARTING_SECONDS)
            assert not thread.is_alive(), "the page does not end"
