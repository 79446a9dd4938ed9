"""Events over the API: signed or refused, and every trigger says what it made of one."""

from __future__ import annotations

import hmac
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from starlette.testclient import TestClient

from flows.settings import EventSource, Settings
from tests.ui.api.conftest import As
from tests.ui.api.test_build import detail

SECRET = "a secret of some length"
WORKFLOW = """\
name: on-push
nodes:
  - {id: tell, agent: notifier, inputs: {message: hi}}
on:
  - {event: github.push, filter: "{{ event.ref == 'refs/heads/main' }}", params: {repository: "{{ event.url }}"}}
  - {event: github.pull_request, params: {repository: "{{ event.url }}", ref: "{{ event.sha }}"}}
  - {event: grafana, params: {repository: /srv/../etc}}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """One workflow with triggers, and the secret of GitHub alone."""
    folder = tmp_path / "workflows"
    folder.mkdir()
    (folder / "on-push.yaml").write_text(WORKFLOW, encoding="utf-8")
    secrets = {EventSource.GITHUB: SecretStr(SECRET)}
    return Settings(state_dir=tmp_path / "state", database_url=None, workflows_dir=folder, event_secrets=secrets)


def github(client: TestClient, payload: Any, kind: str = "push", secret: str = SECRET) -> httpx.Response:
    """What GitHub sends."""
    body = json.dumps(payload).encode()
    signature = hmac.new(secret.encode(), body, sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={signature}", "X-GitHub-Event": kind, "Content-Type": "application/json"}
    return client.post("/api/events/github", content=body, headers=headers)


def test_an_event_needs_a_signature_and_nobody_signed_in(clients: As) -> None:
    nobody = clients(None)
    assert github(nobody, {}, "ping").json() == {"started": [], "passed_over": []}
    assert "not signed" in detail(github(nobody, {}, secret="another secret there"), 401)
    assert "not signed" in detail(nobody.post("/api/events/github", json={}), 401)
    assert "no events of 'generic'" in detail(nobody.post("/api/events/generic", json={}), 404)
    assert detail(nobody.post("/api/events/gitlab", json={}), 422)
    assert "JSON object" in detail(github(nobody, ["push"]), 422)


def test_a_trigger_that_does_not_fit_says_why(clients: As) -> None:
    nobody = clients(None)
    answer = github(nobody, {"ref": "refs/heads/other", "url": "https://example.org/x.git"})
    assert answer.status_code == 202
    reason = "its filter is not true for this event"
    assert answer.json() == {"started": [], "passed_over": [{"workflow": "on-push", "trigger": 0, "reason": reason}]}
    (passed,) = github(nobody, {"nothing": 1}).json()["passed_over"]
    assert "ref" in passed["reason"]


@pytest.mark.parametrize(
    ("url", "sha", "said"),
    [
        ("/etc", "HEAD", "URL alone"),
        ("file:///etc", "HEAD", "URL alone"),
        ("https://example.org/x.git", "--upload-pack=x", "`ref` must be"),
        ("https://example.org/x.git", "../x", "`ref` must be"),
        ("https://user:hunter2@example.org/x.git", "HEAD", "credentials"),
        (7, "HEAD", "must be text"),
    ],
)
def test_an_event_leads_to_no_folder_of_the_hub(clients: As, url: object, sha: str, said: str) -> None:
    answer = github(clients(None), {"url": url, "sha": sha}, "pull_request")
    if answer.status_code == 503:  # who deployed the file is asked of Prefect before the address is looked at
        assert "credentials" in said
        return
    (passed,) = answer.json()["passed_over"]
    assert said in passed["reason"]
    assert "hunter2" not in answer.text


def test_an_event_that_cannot_be_acted_on_now_is_to_be_told_again(clients: As) -> None:
    answer = github(clients(None), {"ref": "refs/heads/main", "url": "https://example.org/x.git"})
    assert "does not answer" in detail(answer, 503)


def test_a_short_secret_is_none_and_is_not_shown() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(event_secrets={EventSource.GITHUB: SecretStr("hunter2")})
    assert "hunter2" not in str(caught.value)
