"""One line for each request, without secrets."""

from __future__ import annotations

import json
import logging
import time

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from tests.ui.hardening.apps import fastapi, plain
from tests.ui.hardening.conftest import Serve


def lines(caplog: pytest.LogCaptureFixture, count: int) -> list[dict[str, object]]:
    """The lines, when there are `count`: the last is written a moment after its answer."""
    limit = time.monotonic() + 10
    found: list[dict[str, object]] = []
    while len(found) < count:
        assert time.monotonic() < limit, f"{len(found)} lines, not {count}"
        found = [json.loads(record.getMessage()) for record in caplog.records if record.name == "dockyard.access"]
    return found


def test_a_line_says_what_was_asked_and_how_it_went(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    answer = httpx.get(f"http://127.0.0.1:{serve(fastapi())}/api/none%0Aforged")
    (line,) = lines(caplog, 1)
    assert line.pop("seconds") < 5  # type: ignore[operator] # a number, or the test fails
    assert line == {
        "event": "request",
        "request_id": answer.headers["x-request-id"],
        "client": "127.0.0.1",
        "method": "GET",
        "path": "/api/none\nforged",
        "status": 404,
    }
    (record,) = [record for record in caplog.records if record.name == "dockyard.access"]
    assert "\n" not in record.getMessage()


def test_no_secret_reaches_any_log(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with httpx.Client(base_url=f"http://127.0.0.1:{serve(fastapi())}") as client:
        # httpx logs its own requests, in this process: only the server's lines count
        logging.getLogger("httpx").setLevel(logging.WARNING)
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        client.get(
            "/api/seen?token=sesame1",
            headers={"Authorization": "Bearer sesame2", "Cookie": "session=sesame3", "X-Api-Key": "sesame4"},
        )
        client.post("/api/items?code=sesame5", json={"password": "sesame6"})
    assert [line["status"] for line in lines(caplog, 2)] == [200, 422]
    assert "sesame" not in caplog.text


async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        raise RuntimeError("the password is hunter2")
    await plain(scope, receive, send)


def test_a_failure_is_answered_without_its_reason_and_logged_with_it(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    answer = httpx.get(f"http://127.0.0.1:{serve(breaks)}/")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "hunter2" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert [line["status"] for line in lines(caplog, 1)] == [500]
    (record,) = [record for record in caplog.records if record.name == "dockyard.web"]
    assert isinstance(record.exc_info, tuple)
    assert isinstance(record.exc_info[1], RuntimeError)


def test_a_frameworks_own_500_says_nothing_either(serve: Serve) -> None:
    answer = httpx.get(f"http://127.0.0.1:{serve(fastapi())}/api/broken")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
