"""Runs over the API where no Prefect server answers: what is refused before anything is started, and what is then said."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from flows.service.accounts import Role
from tests.ui.api.conftest import As
from tests.ui.api.test_build import GATE, detail

WORKFLOW = "name: hello\nnodes:\n  - {id: tell, agent: notifier, inputs: {message: hi}}\n"


@pytest.fixture
def start(tmp_path: Path) -> dict[str, str]:
    """A start that is fine."""
    (tmp_path / "repository").mkdir()
    return {"workflow": "health-check", "repository": str(tmp_path / "repository")}


def test_without_a_prefect_server_a_run_may_be_asked_for_later(clients: As, start: dict[str, str]) -> None:
    client = clients("otto", Role.OPERATOR)
    for response in (client.post("/api/runs", json=start), client.get("/api/runs"), client.get(f"/api/runs/{GATE}/logs")):
        assert "does not answer" in detail(response, 503)
        assert response.headers["retry-after"] == "5"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"workflow": "../../etc/passwd"}, "body.workflow"),
        ({"workflow": "deployments/workflows/health-check.yaml"}, "body.workflow"),
        ({"workflow": "nothing-like-it"}, "there is no workflow"),
        ({"workflow": None}, "give either `workflow` or `text`"),
        ({"text": WORKFLOW}, "give either `workflow` or `text`"),
        ({"repository": "/srv/../etc"}, "without '..'"),
        ({"repository": "https://user:hunter2@example.org/x.git"}, "credentials"),
        ({"repository": "/nowhere/at/all"}, "is not below a folder that runs may read"),
        ({"repository": "/etc"}, "is not below a folder that runs may read"),
        ({"ref": "../../HEAD"}, "a ref is"),
        ({"ref": "--upload-pack=touch"}, "a ref is"),
        ({"params": {"nothing": 1}}, "has no param 'nothing'"),
        ({"runtime": "ssh"}, "body.runtime"),
        ({"requester": "root"}, "body.requester"),
    ],
)
def test_a_start_that_cannot_be_is_refused(clients: As, start: dict[str, str], change: dict[str, object], said: str) -> None:
    response = clients("otto", Role.OPERATOR).post("/api/runs", json=start | change)
    assert said in detail(response, 422)
    assert "hunter2" not in response.text


def test_a_text_that_cannot_run_is_answered_with_every_problem(clients: As, start: dict[str, str]) -> None:
    text = WORKFLOW.replace("notifier", "notifyer") + "  - {id: tell, agent: notifier}\n"
    response = clients("otto", Role.OPERATOR).post("/api/runs", json=start | {"workflow": None, "text": text})
    assert detail(response, 422)
    problems = response.json()["problems"]
    assert len(problems) > 1
    assert {"code", "line", "column", "message", "suggestion"} <= problems[0].keys()


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_a_key_is_printable_and_short(clients: As, start: dict[str, str], key: str) -> None:
    response = clients("otto", Role.OPERATOR).post("/api/runs", json=start, headers={"Idempotency-Key": key})
    assert "Idempotency-Key" in detail(response, 422)


def test_a_viewer_starts_cancels_and_retries_nothing(clients: As, start: dict[str, str]) -> None:
    client = clients("vera", Role.VIEWER)
    for path in ("runs", f"runs/{UUID(GATE)}/cancel", f"runs/{UUID(GATE)}/retry"):
        assert "takes at least operator" in detail(client.post(f"/api/{path}", json=start), 403)
