"""The page on a port of its own: as whoever the test says, or the whole hub with its login."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Page, expect

from flows.settings import Settings
from tests.flows.accounts.people import PASSWORD
from ui.app.application import application
from ui.hardening.server import server_config
from ui.oidc.settings import OidcSettings
from ui.page.build import build, mount
from ui.page.visitor import Visitor
from ui.settings import WebSettings

STARTING_SECONDS = 120


@contextmanager
def serving(settings: Settings, visitor: Visitor) -> Iterator[str]:
    """Serve the page to everybody as `visitor`; gives its address."""
    app = mount(FastAPI(), build(settings, lambda _request: visitor))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        web = WebSettings(page_port=listener.getsockname()[1])
        with _running(uvicorn.Server(server_config(app, web, log_config=None)), listener):
            yield web.public_url


@contextmanager
def serving_hub(settings: Settings, oidc: OidcSettings | None = None) -> Iterator[str]:
    """Serve the whole application as `dockyard serve` does; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        web = WebSettings(page_port=listener.getsockname()[1])
        with _running(uvicorn.Server(server_config(application(settings, web, oidc), web, log_config=None)), listener):
            yield web.public_url


@contextmanager
def _running(server: uvicorn.Server, listener: socket.socket) -> Iterator[None]:
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    end = time.monotonic() + STARTING_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < end:
        thread.join(0.05)
    assert server.started, "the page did not start"
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(STARTING_SECONDS)
        assert not thread.is_alive(), "the page does not end"


def sign_in(page: Page, name: str) -> None:
    """Fill in the login page with the keyboard alone."""
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD.get_secret_value())
    page.keyboard.press("Enter")
