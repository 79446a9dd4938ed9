"""The page over a real server with a run that ended and a gate that waits: all tabs, all states, and the keyboard alone."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from flows.approvals import Choice, Door
from flows.settings import ROOT
from tests.browser import axe
from tests.browser.conftest import Watched, chromium, watched
from tests.browser.serving import serving
from tests.browser.tour import tour
from tests.flows.workspace.conftest import git
from tests.integration.conftest import until
from tests.integration.yard import CREW, SOON, Yard, leave_to_others
from ui.page.visitor import Visitor

__all__ = ["chromium", "watched"]  # fixtures of the browser's tests

pytestmark = [pytest.mark.prefect, pytest.mark.browser]

A_MINUTE = 60_000
"""Milliseconds."""
MOST_TABS = 60
"""As many times Tab is pressed to reach anything."""


@pytest.fixture
def express(real_repository: Callable[[str], Path], tmp_path: Path) -> Path:
    """express as its registry has it, under git."""
    folder = tmp_path / "express"
    shutil.copytree(real_repository("express"), folder)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "start")
    return folder


def test_no_tab_of_a_real_run_shuts_anybody_out(yard: Yard, express: Path, chromium: Browser) -> None:
    source = axe.script(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dockyard-tests")
    checked = yard.start_shipped(express, "health-check")
    shutil.copy(ROOT / "deployments" / "workflows" / "dependency-update.yaml", yard.config.workflows_dir)  # to be looked at
    asking = yard.start_shipped(express, "dependency-update", package="accepts", version="9.9.9")
    yard.ends_well(checked)
    gate = yard.gate(asking)
    stops, wrong = list[str](), list[str]()
    with serving(yard.config, Visitor(name="ann", may_run=True, may_decide=True)) as page:
        address = f"{page}/?run={checked}&gate={gate.id}&tab=approvals&workflow=dependency-update"
        for stop in tour(chromium, address, source, with_gate=True):
            stops.append(str(stop))
            wrong += [f"{stop}: {problem}" for problem in stop.problems]
    assert wrong == []
    assert len({*stops}) == 6 * 2 * 2


def test_every_state_says_what_to_do_next(yard: Yard, tmp_path: Path, watched: Callable[[], Watched]) -> None:
    git(tmp_path, "init", "--quiet", "empty")  # it has no commit to look at
    broken, unknown = yard.start_shipped(tmp_path / "empty", "health-check"), uuid4()
    nobody, vera = Visitor(name="vera", workspace="empty"), Visitor(name="vera")
    no_run = "No run has ended yet. Start one on the Run tab."
    yard.ends(broken)
    shows(yard, nobody, watched, {
        "?tab=approvals": ["Choose “All that are open” to see what waits for others."],
        "?tab=run": ["Choose a workflow in the form, fill it in and press Start."],
        "?tab=compliance": [no_run],
        "?tab=review": [no_run],
        "?run=nonsense": ["'nonsense' is no run's id; choose a run from the list"],
        "?gate=nonsense": ["There is no gate 'nonsense' that you could see; choose one from the list"],
    })  # fmt: skip
    shows(yard, vera, watched, {
        # One that is unknown hides no other.
        f"?run={unknown}": [f"there is no run {unknown} that you could see", "newest runs are listed"],
        f"?run={broken}": ["Its log below says how far it came."],
        f"?run={broken}&tab=compliance": ["has no report; it"],
    })  # fmt: skip


def shows(yard: Yard, visitor: Visitor, watched: Callable[[], Watched], said: dict[str, list[str]]) -> None:
    """Each address of the page says that to the visitor, and nothing goes wrong beside it."""
    with serving(yard.config, visitor) as page:
        for address, texts in said.items():
            seen = watched()
            seen.page.goto(f"{page}/{address}")
            for text in texts:
                expect(seen.page.get_by_text(text).filter(visible=True).first).to_be_visible(timeout=A_MINUTE)
            assert (seen.errors, seen.left) == ([], []), address
            seen.page.close()


def test_the_keyboard_alone_starts_a_run_and_lets_its_change_through(yard: Yard, watched: Callable[[], Watched]) -> None:
    repository = yard.repository()
    changed = {"file": "package.json", "path": ["private"], "value": True}
    node = {"id": "close", "agent": "patcher", "inputs": {"operation": "config-update", "changes": [changed]}}
    workflow = {"name": "by-keyboard", "nodes": [{**node, "approval": CREW}]}
    (yard.config.workflows_dir / "by-keyboard.yaml").write_text(json.dumps(workflow), encoding="utf-8")
    leave_to_others(yard.client, yard.config, "by-keyboard")
    operator, approver = watched(), watched()
    with serving(yard.config, Visitor(name="olga", may_run=True)) as address:
        page = operator.page
        page.goto(address)
        reach(page, page.get_by_role("tab", name="Run", exact=True))
        page.keyboard.press("Enter")
        # What there is to choose from has come with the list of runs.
        listed = re.compile(r"newest runs? (is|are) listed|There is no run yet")
        expect(page.get_by_text(listed)).to_be_visible(timeout=A_MINUTE)
        reach(page, page.get_by_role("combobox", name="Workflow", exact=True))
        page.keyboard.type("by-keyb")
        page.keyboard.press("Enter")
        reach(page, page.get_by_label("Repository (needed)"))
        page.keyboard.type(str(repository))
        start = page.get_by_role("button", name="Start", exact=True)
        expect(start).to_be_enabled(timeout=A_MINUTE)
        reach(page, start)
        page.keyboard.press("Space")
        expect(page.get_by_text("close waits for people")).to_be_visible(timeout=SOON * 1000)
        link = page.get_by_role("link", name="open its gate")
        reach(page, link)
        page.keyboard.press("Enter")
        expect(page.get_by_text("olga may look but not decide")).to_be_visible(timeout=A_MINUTE)
        gate = until(lambda: next((g for g in yard.ledger.gates() if g.request.workflow == "by-keyboard"), None), "a gate",
                     seconds=SOON)  # fmt: skip
        assert (operator.errors, operator.left) == ([], [])
    with serving(yard.config, Visitor(name="ann", may_decide=True)) as address:
        page = approver.page
        page.goto(address)
        reach(page, page.get_by_label("by-keyboard: close"))
        page.keyboard.press("Space")
        expect(page.get_by_text(gate.digest)).to_be_visible(timeout=A_MINUTE)
        reach(page, page.get_by_label("Note"))
        page.keyboard.type("It is not for others.")
        reach(page, page.get_by_role("button", name="Approve"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").filter(has_text="Your approve is recorded")).to_be_visible(timeout=A_MINUTE)
        assert (approver.errors, approver.left) == ([], [])
    after = yard.ledger.gate(gate.id)
    assert [(said.actor, said.choice, said.door, said.note) for said in after.decisions] == [
        ("ann", Choice.APPROVE, Door.PAGE, "It is not for others.")
    ]
    assert yard.ends_well(UUID(gate.request.run))


def reach(page: Page, wanted: Locator) -> None:
    """Press Tab until it has the focus, and check that everybody sees that it has."""
    expect(wanted).to_be_visible(timeout=A_MINUTE)
    for _ in range(MOST_TABS):
        if wanted.evaluate("one => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(wanted).to_be_focused()
    shown = wanted.evaluate(
        """one => { const how = getComputedStyle(one);
        return how.outlineStyle !== 'none' && parseFloat(how.outlineWidth) >= 2 && !!one.getClientRects().length }"""
    )
    assert shown, f"nobody sees that {wanted} has the focus"
