"""What holds for the page as a whole."""

from __future__ import annotations

from fastapi import FastAPI

from flows.settings import Settings
from ui.page.build import build, mount
from ui.page.visitor import Visitor


def test_no_event_is_a_public_api_and_no_trace_reaches_a_visitor(settings: Settings) -> None:
    page = build(settings, lambda _request: Visitor(name="alice"))
    mount(FastAPI(), page)
    assert len(page.fns) >= 7
    assert {event.api_visibility for event in page.fns.values()} == {"private"}
    assert (page.analytics_enabled, page.show_error, page.ssr_mode, page.run_history) == (False, False, False, False)
