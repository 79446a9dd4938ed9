"""The notifier against a real HTTP server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.contract.runner import serve
from agents.contract.schema import Result
from agents.notifier.agent import Notifier
from agents.notifier.channels.interface import pieces


class Receiver(HTTPServer):
    """Keeps what was posted; answers `status`."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.status = 200
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook/T0PSECRET"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", self.server.url)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def notify(tmp_path: Path) -> Any:
    def call(**params: object) -> Result:
        run = {"run": "r1", "workflow": "health-check", "repository": "repo"}
        request = {"agent": "notifier", "params": params, "workspace": str(tmp_path), "run": run}
        return serve(Notifier(), json.dumps(request).encode())

    return call


def report(result: Result) -> dict[str, Any]:
    assert result.failure is None, result.failure
    assert result.report is not None
    return dict(result.report)


def test_console_is_the_default_and_sends_nothing(notify: Any) -> None:
    found = report(notify(message="all fine", title="Check", severity="info"))
    assert found["text"] == "[info] Check\nall fine"
    assert (found["delivered"], found["requests"], found["status_code"]) == (True, 0, None)


def test_a_webhook_gets_the_message_and_the_run(notify: Any, receiver: Receiver) -> None:
    found = report(notify(channel="webhook", url=receiver.url, message="m", title="t", severity="error"))
    assert found["status_code"] == 200
    (body,) = receiver.bodies
    assert (body["title"], body["message"], body["severity"]) == ("t", "m", "error")
    assert body["run"]["run"] == "r1"


def test_slack_text_cannot_mention_or_link(notify: Any, receiver: Receiver) -> None:
    report(notify(channel="slack", url=receiver.url, message="<!channel> & <http://x|y>", title="t"))
    (body,) = receiver.bodies
    assert body["blocks"][1]["text"]["text"] == "&lt;!channel&gt; &amp; &lt;http://x|y&gt;"


def test_long_slack_messages_arrive_whole_within_its_limits(notify: Any, receiver: Receiver) -> None:
    text = "\n".join(f"line {number} &" for number in range(9000))
    report(notify(channel="slack", url=receiver.url, message=text))
    blocks = [block for body in receiver.bodies for block in body["blocks"]]
    assert all(len(body["blocks"]) <= 50 for body in receiver.bodies)
    assert all(len(block["text"]["text"]) <= 3000 for block in blocks)
    assert "".join(block["text"]["text"] for block in blocks) == text.replace("&", "&amp;")


def test_long_discord_messages_arrive_whole_and_mention_nobody(notify: Any, receiver: Receiver) -> None:
    text = "\n".join(f"line {number}" for number in range(3000))
    report(notify(channel="discord", url=receiver.url, message=text, title="t", severity="critical"))
    embeds = [body["embeds"][0] for body in receiver.bodies]
    assert "".join(embed["description"] for embed in embeds) == text
    assert all(len(embed["description"]) <= 4096 for embed in embeds)
    assert all(body["allowed_mentions"] == {"parse": []} for body in receiver.bodies)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_refusal_is_a_failure_without_the_secret_path(notify: Any, receiver: Receiver, status: int) -> None:
    receiver.status = status
    failure = notify(channel="webhook", url=receiver.url, message="m").failure
    assert failure.code == "not-delivered"
    assert f"answered {status}" in failure.message
    assert "T0PSECRET" not in failure.message
    assert len(receiver.bodies) == 1


def test_an_unreachable_host_is_named_without_the_secret_path(notify: Any) -> None:
    failure = notify(channel="webhook", url="http://127.0.0.1:1/T0PSECRET", message="m").failure
    assert failure.message.startswith("127.0.0.1 cannot be reached")
    assert "T0PSECRET" not in failure.message


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"channel": "slack", "message": "m"}, "needs `url`"),
        ({"channel": "slack", "message": "m", "url": "http://example.org/x"}, "https://"),
        ({"channel": "pigeon", "message": "m"}, "channel"),
        ({"message": ""}, "message"),
        ({"message": "m", "token": "x"}, "token"),
    ],
)
def test_bad_params_are_refused(notify: Any, params: dict[str, object], words: str) -> None:
    failure = notify(**params).failure
    assert failure.code == "invalid-request"
    assert words in failure.message


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_pieces_lose_nothing_and_fit(text: str, size: int) -> None:
    found = pieces(text, size)
    assert "".join(found) == text
    assert all(len(piece) <= size for piece in found)
