"""Plots in a real browser: they can be read on the page's ground, light and dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files

import pytest

from tests.browser.conftest import Watched
from tests.flows.reports.test_html_format import contrast
from ui.page.plots import Series, bars, lines

STYLE = files("ui.page").joinpath("style.css").read_text(encoding="utf-8")
PLOTS = lines("Lines", ["a", "b"], [Series(name="one", values=(1, 2)), Series(name="two", values=(2, 1))]) + bars(
    "Bars", [("low", 1)]
)
COLOURS = """() => [...document.querySelectorAll('.dy-plot text, .dy-plot circle, .dy-plot .dy-bar')]
    .map(part => getComputedStyle(part).fill)
    .concat([...document.querySelectorAll('.dy-plot polyline')].map(part => getComputedStyle(part).stroke))"""


@pytest.mark.parametrize(("scheme", "ground"), [("light", "#ffffff"), ("dark", "#09090b")])
def test_plots_can_be_read_in_light_and_dark(watched: Callable[[], Watched], scheme: str, ground: str) -> None:
    page = watched().page
    page.set_content(f'<style>{STYLE}</style><body class="{scheme}"><div class="dy-html">{PLOTS}</div></body>')
    found = {colour(said) for said in page.evaluate(COLOURS)}
    assert len(found) >= 3
    assert [each for each in found if contrast(each, ground) < 4.5] == []


def colour(said: str) -> str:
    """`rgb(1, 2, 3)` as `#010203`."""
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", said)[:3])
