"""Gates over the API: what waits, what it asks, and deciding with the digest of what was seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.approvals import GateRequest, Ledger, Policy
from flows.people import Via
from flows.service.accounts import Role
from flows.settings import Settings
from flows.store import Origin, open_store, record_origin, write
from tests.flows.approvals.asking import DIFF, request_of
from tests.ui.api.conftest import As
from tests.ui.api.test_build import GATE, detail

Open = Callable[..., GateRequest]
RUNS = ("0b7c2a52-5a3b-4a4e-9f57-3b1e2f0c9a01", "0b7c2a52-5a3b-4a4e-9f57-3b1e2f0c9a02")
POLICY = {"groups": {"security": ["alice", "bob", "rita"]}, "approvers": ["group:security"]}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A policy of several people."""
    policy = tmp_path / "policy.yaml"
    policy.write_text("groups: {security: [alice, bob, rita]}\napprovers: ['group:security']\n", encoding="utf-8")
    return Settings(state_dir=tmp_path / "state", database_url=None, policy_file=policy)


@pytest.fixture
def opened(settings: Settings) -> Open:
    """Opens a gate for a day."""

    def open_gate(workspace: str | None = None, **asked: Any) -> GateRequest:
        now = datetime.now(UTC)
        times = {"opened": now, "expires": now + timedelta(hours=24)}
        request = request_of(Policy.model_validate(POLICY), **{"run": RUNS[0], **asked}).model_copy(update=times)
        store = open_store(settings)
        if workspace is not None:
            whose = Origin(run=request.run, at=now, requester=request.requester, via=Via.API, workspace=workspace)
            write(store, lambda connection: record_origin(connection, whose))
        return Ledger(store).request(request)

    return open_gate


def test_gates_are_listed_oldest_first_a_page_at_a_time(clients: As, opened: Open) -> None:
    gates = [opened(node=f"fix{number}", run=RUNS[number % 2]).gate for number in range(3)]
    client = clients("alice")
    first = client.get("/api/approvals?limit=2").json()
    assert ([row["id"] for row in first["items"]], first["next_offset"]) == (gates[:2], 2)
    rest = client.get("/api/approvals?limit=2&offset=2").json()
    assert ([row["id"] for row in rest["items"]], rest["next_offset"]) == (gates[2:], None)
    assert [row["id"] for row in client.get(f"/api/approvals?run={RUNS[1]}").json()["items"]] == [gates[1]]
    assert client.get("/api/approvals?which=all").json()["items"][0]["workflow"] == "weekly-maintenance"


def test_gates_of_another_workspace_are_not_there(clients: As, opened: Open) -> None:
    ours, theirs = opened(run=RUNS[0], workspace="default"), opened(run=RUNS[1], workspace="blue")
    for workspace, seen, hidden in (("default", ours, theirs), ("blue", theirs, ours)):
        client = clients("alice", workspace=workspace)
        for which in ("mine", "open", "all"):
            assert [row["id"] for row in client.get(f"/api/approvals?which={which}").json()["items"]] == [seen.gate]
        assert client.get(f"/api/approvals?run={hidden.run}").json()["items"] == []
        missing = f"there is no gate '{hidden.gate}'"
        assert missing in detail(client.get(f"/api/approvals/{hidden.gate}"), 404)
        said = {"choice": "approve", "note": "", "digest": hidden.digest}
        assert missing in detail(client.post(f"/api/approvals/{hidden.gate}/decisions", json=said), 404)
        assert client.get(f"/api/approvals/{seen.gate}").json()["digest"] == seen.digest
    nobody = clients("alice", workspace="red")
    assert nobody.get("/api/approvals?which=all").json()["items"] == []


def test_numbers_are_those_of_the_workspace_and_of_the_hub_for_the_default_one(clients: As, opened: Open) -> None:
    opened(run=RUNS[0], workspace="default")
    opened(run=RUNS[1], workspace="blue")
    for workspace, count in (("default", 2), ("blue", 1), ("red", 0)):
        assert f'dockyard_gates{{state="open"}} {count}.0' in clients("alice", workspace=workspace).get("/api/metrics").text


def test_mine_are_those_that_i_may_decide(clients: As, opened: Open) -> None:
    opened(requester="alice")
    theirs = opened(node="other").gate
    assert [row["id"] for row in clients("alice").get("/api/approvals?which=mine").json()["items"]] == [theirs]
    assert clients("zoe").get("/api/approvals?which=mine").json()["items"] == []


def test_a_gate_shows_all_that_one_must_see(clients: As, opened: Open) -> None:
    request = opened()
    shown = clients("vera", Role.VIEWER).get(f"/api/approvals/{request.gate}").json()
    assert (shown["digest"], shown["state"]) == (request.digest, "open")
    assert shown["request"]["diff"] == DIFF
    assert shown["request"]["requester"] == "rita"
    assert shown["may"] == [{"quorum": 1, "approvers": ["group:security"], "people": ["alice", "bob"]}]
    assert "vera" in shown["refusal"]
    assert clients("alice").get(f"/api/approvals/{request.gate}").json()["refusal"] is None


def test_a_decision_is_about_the_digest_that_was_seen(clients: As, opened: Open) -> None:
    request = opened()
    client, path = clients("alice", Role.APPROVER), f"/api/approvals/{request.gate}/decisions"
    assert "digest" in detail(client.post(path, json={"choice": "approve"}), 422)
    assert detail(client.post(path, json={"choice": "approve", "digest": "0" * 64}), 409)
    done = client.post(path, json={"choice": "reject", "digest": request.digest, "note": "not today"})
    assert done.status_code == 201, done.text
    gate = done.json()["gate"]
    assert gate["state"] == "rejected"
    (decision,) = gate["decisions"]
    assert (decision["actor"], decision["choice"], decision["note"], decision["door"]) == (
        "alice",
        "reject",
        "not today",
        "api",
    )
    assert "could not be told" in done.json()["notices"][0]  # nobody answers where Prefect should be
    assert "decided already" in detail(client.post(path, json={"choice": "approve", "digest": request.digest}), 409)


def test_who_asked_may_not_decide(clients: As, opened: Open) -> None:
    request = opened()
    response = clients("rita", Role.APPROVER).post(
        f"/api/approvals/{request.gate}/decisions", json={"choice": "approve", "digest": request.digest}
    )
    assert detail(response, 403)


def test_a_note_that_would_deceive_is_refused(clients: As, opened: Open) -> None:
    request = opened()
    said = {"choice": "reject", "digest": request.digest, "note": "fine\u202etxt"}
    response = clients("alice", Role.APPROVER).post(f"/api/approvals/{request.gate}/decisions", json=said)
    assert "U+202E" in detail(response, 422)


def test_a_gate_that_is_not_there_is_not_found(clients: As) -> None:
    client = clients("alice", Role.APPROVER)
    assert "there is no gate" in detail(client.get(f"/api/approvals/{GATE}"), 404)
    said = {"choice": "approve", "digest": "0" * 64}
    assert detail(client.post(f"/api/approvals/{GATE}/decisions", json=said), 404)


def test_a_policy_that_cannot_be_read_is_the_hubs_to_mend(clients: As, opened: Open, settings: Settings) -> None:
    request = opened()
    assert settings.policy_file is not None
    settings.policy_file.write_text("approvers: 7", encoding="utf-8")
    response = clients("alice").get(f"/api/approvals/{request.gate}")
    assert detail(response, 503)
    assert response.headers["retry-after"] == "5"
