"""The page in the background: one, reused while it is the same, started anew when its code is not."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.service.local_page import LocalPage, Served
from flows.service.processes import free_port
from flows.settings import Settings

PAGE = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/api/health/live" else 404)
        self.end_headers()

HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""


def command(port: int) -> list[str]:
    return [sys.executable, "-c", PAGE, str(port)]


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """What the page is made of."""
    for package in ("agents", "blocks", "flows", "ui/page"):
        (tmp_path / "code" / package).mkdir(parents=True)
    (tmp_path / "code" / "ui" / "page" / "build.py").write_text("old = 1\n", encoding="utf-8")
    return tmp_path / "code"


@pytest.fixture
def page(settings: Settings, code: Path) -> Iterator[LocalPage]:
    """One that is ended with the test."""
    local = LocalPage(settings, code)
    yield local
    local.stop()


def used(page: LocalPage, port: int, said: list[str]) -> Served:
    return page.use("127.0.0.1", port, command, said.append)


def test_a_page_that_lives_is_reused(page: LocalPage) -> None:
    said: list[str] = []
    port = free_port(0)
    first, again = used(page, port, said), used(page, port, said)
    assert (first, first.port) == (again, port)
    assert said == ["Starting the page …"]
    assert page.stop()
    assert not first.process.alive()


def test_a_page_whose_code_has_changed_is_started_anew_where_it_was(page: LocalPage, code: Path) -> None:
    said: list[str] = []
    port = free_port(0)
    first = used(page, port, said)
    source = code / "ui" / "page" / "build.py"
    source.write_text("new = 1\n", encoding="utf-8")
    second = used(page, port, said)
    assert (second.port, second.process != first.process, first.process.alive()) == (port, True, False)
    assert said[1] == "The page runs with other settings or other code; starting it anew …"

    source.touch()  # the same code at another time
    (code / "ui" / "page" / "build.pyc").write_bytes(b"x")
    assert used(page, port, said) == second

    (code / "flows" / "more.py").write_text("", encoding="utf-8")
    assert used(page, port, said) != second


def test_a_port_that_is_taken_is_left_alone(page: LocalPage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        assert used(page, taken, []).port != taken
