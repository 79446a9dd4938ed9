"""Whether the hub can serve is found out anew each time."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from flows.service.readiness import Probe, Readiness
from flows.settings import Settings


class Healthy(BaseHTTPRequestHandler):
    """Answers as Prefect's health does."""

    def do_GET(self) -> None:
        """Say that all is well."""
        self.send_response(200 if self.path == "/api/health" else 404)
        self.end_headers()
        self.wfile.write(json.dumps(True).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library names it
        """Say nothing."""


def test_each_part_is_looked_at(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = Probe(settings)
    with HTTPServer(("127.0.0.1", 0), Healthy) as prefect:
        thread = threading.Thread(target=prefect.serve_forever)
        thread.start()
        monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{prefect.server_port}/api")
        try:
            assert probe.look() == Readiness(database=True, prefect=True)
            assert probe.look().ready
            file = settings.state_dir / "dockyard.db"
            file.rename(file.with_suffix(".away"))
            assert probe.look() == Readiness(database=False, prefect=True)
            file.with_suffix(".away").rename(file)
        finally:
            prefect.shutdown()
            thread.join()
    assert probe.look() == Readiness(database=True, prefect=False)
    assert not probe.look().ready
