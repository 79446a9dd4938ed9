"""What is said of a page that could not take its port."""

from __future__ import annotations

from ui.cli.serving import other_port
from ui.settings import WebSettings


def test_nothing_where_the_port_is_the_one_that_was_asked_for() -> None:
    assert other_port(WebSettings(page_port=7860), 7860) is None


def test_the_port_that_it_has_and_what_to_do() -> None:
    said = other_port(WebSettings(page_port=7860), 40123)
    assert said == (
        "Port 7860 is taken: the page listens on 40123 until `dockyard down`. "
        "Free that port, or set DOCKYARD_PAGE_PORT to another."
    )


def test_links_that_lead_elsewhere_are_named() -> None:
    said = other_port(WebSettings(page_port=7860, page_url="http://127.0.0.1:7860"), 40123)
    assert said is not None
    assert "Links in messages" in said
    assert "still lead to http://127.0.0.1:7860 (DOCKYARD_PAGE_URL)" in said
