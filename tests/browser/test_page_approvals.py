"""An approver's story in a real browser: see exactly what will happen, say yes once; nothing hostile comes alive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from flows.approvals import Choice, Door, GateRequest, Ledger, Policy, State
from flows.settings import Settings
from flows.store import open_store
from tests.browser.conftest import Watched
from tests.browser.serving import serving
from tests.flows.approvals.asking import request_of
from ui.page.visitor import Visitor

POLICY = "groups: {security: [alice, rita]}\napprovers: ['group:security']\n"
HOSTILE = "<script>window.owned=1</script><img src=x onerror=window.owned=2> ${window.owned=3} {{ 7 * 7 }}"
TURNED = "access = user\u202e\u2066// admin only\u2069"
DIFF = (
    "diff --git a/app.py b/app.py\n--- a/app.py\n+++ b/app.py\n@@ -1,2 +1,3 @@\n import os\n"
    f"-old = 1\n+{HOSTILE}\n+{TURNED}\n"
    "diff --git a/requirements.txt b/requirements.txt\n--- a/requirements.txt\n+++ b/requirements.txt\n"
    "@@ -1 +1 @@\n-flask==2.0\n+flask==3.1\n"
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))  # no profile of this machine's names a server
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    return Settings(state_dir=tmp_path / "state", policy_file=policy)


def opened(settings: Settings, node: str = "fix") -> GateRequest:
    """A gate that opened just now, asked for by rita, with hostile text wherever people or agents can write."""
    policy = Policy.model_validate({"groups": {"security": ["alice", "rita"]}, "approvers": ["group:security"]})
    now = datetime.now(UTC)
    asked = request_of(
        policy, diff=DIFF, why=f"Flask 2.0 has a hole. {HOSTILE}", files=("app.py", "requirements.txt"), node=node
    )
    times = {"opened": now, "expires": now + timedelta(hours=24)}
    return Ledger(open_store(settings)).request(asked.model_copy(update=times))


def test_an_approver_sees_the_change_and_approves_it_once(settings: Settings, watched: Callable[[], Watched]) -> None:
    request = opened(settings)
    seen = watched()
    page = seen.page
    with serving(settings, Visitor(name="alice", may_decide=True)) as address:
        page.goto(address)
        page.get_by_label("weekly-maintenance: fix").check()
        expect(page.get_by_text(request.digest)).to_be_visible()
        expect(page.get_by_text("rita", exact=True)).to_be_visible()
        added = page.locator("tr.dy-added")
        expect(added).to_have_count(3)
        expect(page.locator("tr.dy-removed")).to_have_count(2)
        expect(added.nth(0)).to_contain_text(HOSTILE)  # to the letter, as text
        expect(added.nth(1)).to_contain_text(r"access = user\u202e\u2066// admin only\u2069")
        expect(added.nth(2)).to_contain_text("flask==3.1")
        assert added.nth(2).evaluate("row => getComputedStyle(row).backgroundColor") != "rgba(0, 0, 0, 0)"

        page.get_by_label("Note").fill(f"Looks right. {HOSTILE}")
        page.get_by_role("button", name="Approve").dblclick()
        expect(page.get_by_role("status").filter(has_text="Your approve is recorded")).to_be_visible(timeout=60_000)
        expect(page.get_by_role("button", name="Approve")).to_be_disabled()
        expect(page.get_by_role("table", name="Decisions at this gate")).to_contain_text(HOSTILE)
        assert page.evaluate("window.owned") is None

    gate = Ledger(open_store(settings)).gate(request.gate)
    assert gate.state is State.APPROVED
    assert [(said.actor, said.choice, said.door) for said in gate.decisions] == [("alice", Choice.APPROVE, Door.PAGE)]
    assert gate.decisions[0].note == f"Looks right. {HOSTILE}"
    assert seen.errors == []
    assert seen.left == []


def test_who_asked_for_it_reads_why_not(settings: Settings, watched: Callable[[], Watched]) -> None:
    request = opened(settings)
    page = watched().page
    with serving(settings, Visitor(name="rita", may_decide=True)) as address:
        page.goto(address)
        expect(page.get_by_text("Nothing waits for you.")).to_be_visible()
        page.goto(f"{address}/?gate={request.gate}")
        expect(page.get_by_text(request.digest)).to_be_visible()
        expect(page.get_by_text("rita asked for this run and may not decide about it")).to_be_visible()
        expect(page.get_by_role("button", name="Approve")).to_be_disabled()
    assert Ledger(open_store(settings)).gate(request.gate).decisions == ()
