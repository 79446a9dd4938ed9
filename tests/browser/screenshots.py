"""`make screenshots`: every tab over the newest finished run, wide and narrow, light and dark, as PNG; axe looks at each.

It uses the Prefect server that this machine uses. Exits 1 where axe finds something serious.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from flows.service import LocalServices, Runs
from flows.settings import Settings
from tests.browser import axe
from tests.browser.conftest import FLAGS
from tests.browser.serving import serving
from ui.page.visitor import Visitor

TABS = {
    "approvals": ("Approvals", "gate"),
    "run": ("Run", "Nodes"),
    "compliance": ("Compliance", "Licences of dependencies"),
    "review": ("Code review", "Metrics of"),
    "workflows": ("Workflows", "Starts by itself"),
    "agents": ("Agents", "What it may"),
}
"""By id the tab's name, and a text that is there when it is filled."""
WIDTHS = {"wide": 1280, "phone": 390}
SECONDS = 60_000


def main(folder: Path) -> int:
    """Write the pictures to `folder`; how many serious violations there are."""
    settings = Settings()
    LocalServices(settings).use(print, start=False)
    ended = next((run for run in Runs(settings).list() if run.state.final), None)
    if ended is None:
        print("no run has ended yet; `make run` makes one")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    source = axe.script(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dockyard-tests")
    visitor = Visitor(name="olga", may_run=True, may_decide=True)
    found: list[str] = []
    with serving(settings, visitor) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for theme in ("light", "dark"):
            for width, pixels in WIDTHS.items():
                context = browser.new_context(
                    viewport={"width": pixels, "height": 900},
                    color_scheme="dark" if theme == "dark" else "light",
                )
                for tab in TABS:
                    page = context.new_page()
                    page.goto(f"{address}/?run={ended.id}&tab={tab}&workflow=dependency-update")
                    opened(page, tab)
                    page.screenshot(path=folder / f"{tab}-{width}-{theme}.png", full_page=True)
                    found += [f"{tab}, {width}, {theme}: {one}" for one in axe.violations(page, source)]
                    page.close()
                context.close()
        browser.close()
    print(*found, f"{len(list(folder.glob('*.png')))} pictures are in {folder}", sep="\n")
    return 1 if found else 0


def opened(page: Page, tab: str) -> None:
    """Wait until the tab is there and filled."""
    panel = page.get_by_role("tabpanel").filter(visible=True)
    expect(panel.get_by_text(TABS[tab][1]).filter(visible=True).first).to_be_visible(timeout=SECONDS)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
