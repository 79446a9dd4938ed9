"""A workspace of the test's own, with people who may decide about each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.approvals import GateRequest, Ledger, Policy
from flows.settings import Settings
from flows.store import open_store
from tests.flows.approvals.asking import request_of

POLICY = "groups: {security: [alice, bob, rita]}\napprovers: ['group:security']\n"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """No Prefect server, and a state folder and a policy of its own."""
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    return Settings(state_dir=tmp_path / "state", policy_file=policy, local_roots=(tmp_path,))


@pytest.fixture
def opened(settings: Settings) -> Callable[..., GateRequest]:
    """Opens a gate for a day, as the hub does; `asked` as `request_of` takes it."""
    policy = Policy.model_validate({"groups": {"security": ["alice", "bob", "rita"]}, "approvers": ["group:security"]})

    def open_gate(**asked: Any) -> GateRequest:
        now = datetime.now(UTC)
        times = {"opened": now, "expires": now + timedelta(hours=24)}
        return Ledger(open_store(settings)).request(request_of(policy, **asked).model_copy(update=times))

    return open_gate
