"""A real Chromium, and pages of it that note whatever goes wrong or leaves the machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from tests.conftest import missing

FLAGS = [
    "--headless",
    "--no-sandbox",  # the gate runs as root, for whom Chromium has no sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # What Chromium would fetch for itself, which is not the page's doing:
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, one for a module: while it is there, an event loop runs in this thread, in which others cannot."""
    program = shutil.which("chromium") or missing("Chromium (Debian: chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


LEAVING = ("AbortError: signal is aborted without reason", "Unexpected error Connection errored out.")
"""What Gradio says when a person leaves for another page while an event is under way: its streams end with the page.

A connection that is lost otherwise shows as well: what a test waits for on the page does not come.
"""


class Watched:
    """A page of the browser, and what it said and asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.left: list[str] = []
        page.on("console", lambda message: self._hear(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self._hear(f"{error.name}: {error.message}"))
        page.on("request", self._note)

    def _hear(self, text: str) -> None:
        if not text.startswith(LEAVING):
            self.errors.append(text)

    def _note(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.hostname != "127.0.0.1":
            self.left.append(request.url)

    @property
    def violations(self) -> list[str]:
        """What the Content-Security-Policy kept the page from."""
        return [error for error in self.errors if "Content Security Policy" in error]


@pytest.fixture
def watched(chromium: Browser) -> Iterator[Callable[[], Watched]]:
    """A function that opens an empty page of a person of their own: no two share cookies."""
    contexts = []

    def open_page() -> Watched:
        context = chromium.new_context(viewport={"width": 1200, "height": 900})
        contexts.append(context)
        return Watched(context.new_page())

    yield open_page
    for context in contexts:
        context.close()
