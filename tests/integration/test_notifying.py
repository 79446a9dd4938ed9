"""A message goes through a real notification block of a real Prefect server to whoever listens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.blocks.system import Secret
from prefect.client.orchestration import SyncPrefectClient

from blocks.notification import NotDeliveredError, saved_notification_block, send
from flows.approvals import Ledger, load_policy
from flows.service.notifier import Notifier
from flows.settings import Settings
from tests.flows.approvals.asking import request_of
from tests.flows.service.waiting import Clock

pytestmark = pytest.mark.prefect

POLICY = """
groups: {security: [alice, bob]}
approvers: "group:security"
notify: {"group:security": custom-webhook/listening}
"""
SECRET = "T0/B0/s3cret"


class Listener:
    """Whoever is sent messages; answers each with `status`."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.status = 200
        self.url = ""

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.heard.append(json.loads(body))
                self.send_response(listener.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}/{SECRET}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture
def listener(prefect_client: SyncPrefectClient) -> Iterator[Listener]:
    """Listens at the address of the saved block `custom-webhook/listening`."""
    with Listener().listening() as made:
        block = CustomWebhookNotificationBlock(
            name="listening", url=made.url, json_data={"text": "{{subject}}\n{{body}}"}, timeout=5
        )
        block.save("listening", overwrite=True)
        yield made


def test_a_gate_is_told_and_what_failed_is_told_again(
    listener: Listener, settings: Settings, tmp_path: Path, ledger: Ledger
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    config = settings.model_copy(update={"policy_file": policy, "page_url": "https://dock.example"})
    request = ledger.request(request_of(load_policy(policy), why="<!channel> {{body}}"))
    warned: list[str] = []
    clock = Clock()
    notifier = Notifier(config, warn=warned.append, clock=clock)
    listener.status = 500
    assert notifier.once() == ()
    (warning,) = warned
    assert "custom-webhook/listening could not send (HTTPStatusError, status 500)" in warning
    assert SECRET not in warning
    listener.status = 200
    clock.now = request.opened.replace(hour=10)
    assert len(notifier.once()) == 1
    text = listener.heard[-1]["text"]
    assert "Why: ＜!channel＞ ｛｛body｝｝" in text  # noqa: RUF001 - the look-alikes are the point
    assert "\nbob: https://dock.example/links/" in text
    assert notifier.once() == ()
    assert len(listener.heard) == 2


@pytest.mark.parametrize("name", ["custom-webhook/none-such", "no-such-type/name"])
def test_a_block_that_is_not_there_is_named_with_what_to_do(prefect_client: SyncPrefectClient, name: str) -> None:
    with pytest.raises(NotDeliveredError, match=f"no usable block {name}.*save one of that name"):
        saved_notification_block(name)


def test_a_block_of_another_kind_sends_nothing(prefect_client: SyncPrefectClient) -> None:
    Secret(value="x").save("a-secret", overwrite=True)
    with pytest.raises(NotDeliveredError, match="secret/a-secret sends no notifications"):
        saved_notification_block("secret/a-secret")


def test_a_service_that_is_gone_is_told_without_its_address(listener: Listener) -> None:
    block = CustomWebhookNotificationBlock(name="gone", url=f"http://127.0.0.1:1/{SECRET}", timeout=2)
    with pytest.raises(NotDeliveredError, match="custom-webhook/gone could not send") as caught:
        send(block, "custom-webhook/gone", "body", "subject")
    assert SECRET not in str(caught.value)
