"""One change, three people and a real browser: who runs it, who approves it, and who may only look."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from flows.approvals import Choice, Door, Step
from flows.people import Via
from flows.service.accounts import Accounts, Role
from flows.settings import ROOT
from tests.browser.conftest import Watched, chromium, watched
from tests.browser.serving import serving_hub, sign_in
from tests.flows.accounts.people import CHEAP, PASSWORD
from tests.flows.workspace.conftest import git
from tests.integration.conftest import Workers
from tests.integration.yard import Yard, branches, leave_to_others

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

__all__ = ["chromium", "watched"]  # fixtures of the browser's tests

pytestmark = [pytest.mark.prefect, pytest.mark.browser]

WORKFLOW = "dependency-update"
A_MINUTE, SOON = 60_000, 180_000
"""Milliseconds."""


@pytest.fixture
def repository(real_repository: Callable[[str], Path], tmp_path: Path) -> Path:
    """express as its registry has it, under git."""
    folder = tmp_path / "express"
    shutil.copytree(real_repository("express"), folder)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "start")
    return folder


@pytest.fixture
def hub(workers: Workers, prefect_client: SyncPrefectClient, tmp_path: Path) -> Iterator[Yard]:
    """A hub of its own with three people, a worker and a shipped workflow: no other test's run waits in it."""
    folder = tmp_path / "hub"
    folder.mkdir()
    made = Yard.make(prefect_client, folder, "story")
    shutil.copy(ROOT / "deployments" / "workflows" / f"{WORKFLOW}.yaml", made.config.workflows_dir)
    leave_to_others(made.client, made.config, WORKFLOW)
    accounts = Accounts(made.config, passwords=CHEAP)
    for name, role in (("olga", Role.OPERATOR), ("ann", Role.APPROVER), ("vera", Role.VIEWER)):
        accounts.add(name, role, password=PASSWORD)
    with workers.start("story", "story", "--type", "dockyard", **made.environment):
        yield made


def test_an_operator_runs_an_update_an_approver_lets_it_through_and_a_viewer_can_do_neither(
    hub: Yard, repository: Path, watched: Callable[[], Watched]
) -> None:
    olga, ann, vera = watched(), watched(), watched()
    before = json.loads((repository / "package.json").read_text(encoding="utf-8"))["dependencies"]["accepts"]
    with serving_hub(hub.config) as address:
        # The operator fills in the form and starts the run.
        page = olga.page
        page.goto(address)
        sign_in(page, "olga")
        page.get_by_role("tab", name="Run", exact=True).click()
        page.get_by_role("combobox", name="Workflow", exact=True).click()
        page.get_by_role("option", name=WORKFLOW).click()
        page.get_by_label("Repository (needed)").fill(str(repository))
        page.get_by_label(re.compile(r"^\s*package\b")).fill("accepts")
        page.get_by_label(re.compile(r"^\s*version\b")).fill("9.9.9")
        page.get_by_role("button", name="Start", exact=True).click()
        expect(page.get_by_text("update waits for people")).to_be_visible(timeout=SOON)
        (gate,) = hub.ledger.gates()
        assert (gate.request.requester, gate.request.via) == ("olga", Via.PAGE)

        # Who asked cannot approve, with or without the role; a viewer can neither start nor approve.
        page.get_by_role("link", name="open its gate").click()
        expect(page.get_by_text("olga may look but not decide")).to_be_visible(timeout=A_MINUTE)
        look = vera.page
        look.goto(f"{address}/gates/{gate.id}")
        sign_in(look, "vera")
        expect(look.get_by_text("vera may look but not decide")).to_be_visible(timeout=A_MINUTE)
        expect(look.get_by_role("button", name="Approve")).to_be_disabled()
        look.goto(f"{address}/?workflow={WORKFLOW}")
        look.get_by_role("tab", name="Run", exact=True).click()
        look.get_by_label("Repository (needed)").fill(str(repository))
        look.get_by_role("button", name="Start", exact=True).click()
        expect(look.get_by_text("vera may look but not start or cancel")).to_be_visible(timeout=A_MINUTE)

        # The approver finds it in the list, sees the exact change and lets it through.
        desk = ann.page
        desk.goto(address)
        sign_in(desk, "ann")
        desk.get_by_label(f"{WORKFLOW}: update").check(timeout=A_MINUTE)
        expect(desk.get_by_text(gate.digest)).to_be_visible(timeout=A_MINUTE)
        expect(desk.locator("tr.dy-removed")).to_contain_text(f'"accepts": "{before}"')
        expect(desk.locator("tr.dy-added")).to_contain_text("9.9.9")
        desk.get_by_label("Note").fill("Read its changelog.")
        desk.get_by_role("button", name="Approve").click()
        expect(desk.get_by_role("status").filter(has_text="Your approve is recorded")).to_be_visible(timeout=A_MINUTE)

        # The run goes on by itself; the operator sees its end.
        page.goto(f"{address}/runs/{gate.request.run}")
        expect(page.get_by_role("heading", name=WORKFLOW).get_by_text("completed")).to_be_visible(timeout=SOON)
        for seen in (olga, ann, vera):  # before the server ends, of which an open page would complain
            assert (seen.violations, seen.left, seen.errors) == ([], [], [])

    after = hub.ledger.gate(gate.id)
    assert [(said.actor, said.choice, said.door) for said in after.decisions] == [("ann", Choice.APPROVE, Door.PAGE)]
    (branch,) = branches(repository)
    assert (after.apply.step, after.apply.branch) == (Step.APPLIED, branch)
    assert "9.9.9" in git(repository, "show", f"{branch}:package.json")
    assert git(repository, "diff", "--name-only", "main", branch) == "package.json"
