"""Every tab in a real browser without a Prefect server: it says what to do, and axe finds nothing serious."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from flows.settings import Settings
from tests.browser import axe
from tests.browser.conftest import Watched
from tests.browser.serving import serving
from ui.page.visitor import Visitor

SAYS = {
    "run": "`dockyard up` starts one",
    "compliance": "`dockyard up` starts one",
    "review": "`dockyard up` starts one",
    "workflows": "Starts by itself",
    "agents": "What it takes",
}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return Settings(state_dir=tmp_path / "state")


def test_every_tab_says_what_to_do_and_can_be_used_by_everybody(settings: Settings, watched: Callable[[], Watched]) -> None:
    source = axe.script(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dockyard-tests")
    seen = watched()
    page = seen.page
    found = []
    with serving(settings, Visitor(name="olga", may_run=True)) as address:
        for tab, says in SAYS.items():
            page.goto(f"{address}/?tab={tab}")
            expect(page.get_by_text(says).filter(visible=True).first).to_be_visible(timeout=60_000)
            found += axe.violations(page, source)
    assert found == []
    assert seen.errors == []
    assert seen.left == []


def test_a_form_says_beside_the_field_what_is_wrong(settings: Settings, watched: Callable[[], Watched]) -> None:
    page = watched().page
    with serving(settings, Visitor(name="olga", may_run=True)) as address:
        page.goto(f"{address}/?workflow=dependency-update")
        globs = page.get_by_label("exclude")
        expect(globs).to_have_value("[]", timeout=60_000)
        globs.fill("no list")
        page.get_by_role("button", name="Start").click()
        expect(page.get_by_text("exclude takes array, not 'no list'.")).to_be_visible(timeout=60_000)
        expect(page.get_by_text("A repository is needed")).to_be_visible()


def test_what_was_typed_stays_when_the_list_of_workflows_is_only_looked_at(
    settings: Settings, watched: Callable[[], Watched]
) -> None:
    page = watched().page
    with serving(settings, Visitor(name="olga", may_run=True)) as address:
        page.goto(f"{address}/?workflow=dependency-update")
        globs = page.get_by_label("exclude")
        expect(globs).to_have_value("[]", timeout=60_000)
        globs.fill('["docs/**"]')
        page.get_by_role("combobox", name="Workflow", exact=True).focus()
        page.keyboard.press("Tab")
        page.get_by_role("button", name="Start").click()
        expect(page.get_by_text("A repository is needed")).to_be_visible(timeout=60_000)
        expect(globs).to_have_value('["docs/**"]')
