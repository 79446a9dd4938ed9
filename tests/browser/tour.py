"""Round all tabs of a page that is open: what each shows when it is filled, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import Error as BrowserError

from tests.browser import axe
from tests.browser.conftest import Watched

TABS = {
    "approvals": ("Approvals", "gate"),
    "run": ("Run", "Nodes"),
    "compliance": ("Compliance", "Licences of dependencies"),
    "review": ("Code review", "Metrics of"),
    "workflows": ("Workflows", "Starts by itself"),
    "agents": ("Agents", "What it may"),
}
"""By id the tab's name, and a text that is there when it is filled."""
GATE = "What would happen"
"""A text that is there when the approvals tab shows a gate."""
WIDTHS = {"wide": 1280, "phone": 390}
THEMES = ("light", "dark")
SECONDS = 40
"""Within these a tab is filled: the machine may be busy."""


@dataclass(frozen=True)
class Stop:
    """A tab as it is shown now, and what is wrong with it in a sentence each."""

    tab: str
    width: str
    theme: str
    page: Page
    problems: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.tab}, {self.width}, {self.theme}"


def tour(browser: Browser, address: str, source: str, *, with_gate: bool) -> Iterator[Stop]:
    """Each tab of the page at `address` in each width and theme. `source`: axe's script; `with_gate`: a gate is shown.

    What the page writes to its console, or asks of other machines, is among the problems of the stop where it is seen.
    """
    for width, pixels in WIDTHS.items():
        context = browser.new_context(viewport={"width": pixels, "height": 900}, reduced_motion="reduce")
        try:
            seen = Watched(context.new_page())
            seen.page.goto(address)
            for tab in TABS:
                select(seen.page, TABS[tab][0])
                problems = filled(seen.page, GATE if tab == "approvals" and with_gate else TABS[tab][1])
                for theme in THEMES:
                    wear(seen.page, theme)
                    rules = () if theme == THEMES[0] else ("color-contrast",)  # of what else it looks at nothing has changed
                    problems += [*sideways(seen.page), *axe.violations(seen.page, source, rules), *seen.errors, *seen.left]
                    seen.errors.clear()
                    seen.left.clear()
                    yield Stop(tab, width, theme, seen.page, tuple(problems))
                    problems = []
        finally:
            context.close()


def select(page: Page, name: str) -> None:
    """Go to the tab of that name, which a narrow page keeps in a menu."""
    tab = page.get_by_role("tab", name=name, exact=True).filter(visible=True)
    more = page.locator(".overflow-menu > button").filter(visible=True)
    expect(tab.or_(more).first).to_be_visible(timeout=SECONDS * 1000)
    if not tab.count():
        more.click()
        page.locator(".overflow-dropdown").get_by_role("button", name=name, exact=True).click()
    else:
        tab.click()


def filled(page: Page, text: str) -> list[str]:
    """Wait until the tab says that; else what it says instead."""
    panel = page.get_by_role("tabpanel").filter(visible=True)
    try:
        panel.get_by_text(text).filter(visible=True).first.wait_for(timeout=SECONDS * 1000)
    except BrowserError:
        said = " ".join(panel.locator(".dy-notice").filter(visible=True).all_inner_texts())
        return [f"'{text}' is not shown within {SECONDS} s. The tab says: {said or 'nothing'}"]
    toasts = page.locator(".toast-body").filter(visible=True).all_inner_texts()
    return [f"a message has come up: {toast}" for toast in toasts]


def wear(page: Page, theme: str) -> None:
    """Let the page be light or dark, and wait until it is."""
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.wait_for_function("dark => document.body.classList.contains('dark') === dark", arg=theme == "dark")


def sideways(page: Page) -> list[str]:
    """Whether the page as a whole scrolls sideways, and what is as wide as that."""
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if over <= 0:
        return []
    wide = page.evaluate(
        """() => [...document.querySelectorAll('main *')]
          .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.dy-scroll, .dy-picture, pre'))
          .slice(0, 5).map(one => `${one.tagName}.${one.className}#${one.id}`)"""
    )
    return [f"the page scrolls sideways by {over} pixels: {wide}"]
