"""Plots: every value in its place, colours of the page, and nothing that a text could put in."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from ui.page.plots import HEIGHT, WIDTH, Series, bars, lines

HOSTILE = '"><script>alert(1)</script>'


def drawn(markup: str) -> ET.Element:
    found = ET.fromstring(markup).find("svg")  # noqa: S314 — our own
    assert found is not None
    return found


def test_a_line_has_a_point_for_each_value_that_there_is() -> None:
    svg = drawn(lines("Findings", ["a", "b", "c"], [Series(name="all", values=(4.0, None, 2.0))]))
    points = [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in svg.iter("circle")]
    assert len(points) == 2
    (left, high), (right, low) = points
    assert left < right
    assert high < low  # the origin is above
    (line,) = svg.iter("polyline")
    assert line.attrib["points"] == f"{left:.1f},{high:.1f} {right:.1f},{low:.1f}"


def test_lines_are_told_apart_without_colour() -> None:
    svg = drawn(lines("t", ["a", "b"], [Series(name=name, values=(1, 2)) for name in ("one", "two")]))
    assert len({line.attrib["stroke-dasharray"] for line in svg.iter("polyline")}) == 2
    assert {"one", "two"} <= {text.text for text in svg.iter("text")}


def test_a_bar_is_as_high_as_its_value() -> None:
    svg = drawn(bars("t", [("low", 1), ("high", 4), ("none", 0)]))
    heights = [float(bar.attrib["height"]) for bar in svg.iter("rect")]
    assert heights[1] == pytest.approx(4 * heights[0], rel=0.02)
    assert heights[2] == 0
    assert [text.text for text in svg.iter("text")][-6:] == ["1", "low", "4", "high", "0", "none"]


@pytest.mark.parametrize("empty", [lines("t", [], []), lines("t", ["a"], [Series(name="n", values=(None,))]), bars("t", [])])
def test_nothing_to_show_is_an_empty_plot(empty: str) -> None:
    svg = drawn(empty)
    assert not [*svg.iter("circle"), *svg.iter("rect")]


def test_everything_stands_within_the_picture() -> None:
    svg = drawn(lines("t", [str(n) for n in range(20)], [Series(name="n", values=tuple(range(20)))]))
    assert all(
        0 <= float(dot.attrib["cx"]) <= WIDTH and 0 <= float(dot.attrib["cy"]) <= HEIGHT for dot in svg.iter("circle")
    )


def test_colours_are_the_pages_so_that_light_and_dark_are_followed() -> None:
    for markup in (lines("t", ["a"], [Series(name="n", values=(1,))]), bars("t", [("a", 1)])):
        assert not re.search(r"#[0-9a-f]{3}|fill=|stroke=\"|style", markup)


def test_text_of_others_stays_text() -> None:
    for markup in (lines(HOSTILE, [HOSTILE], [Series(name=HOSTILE, values=(1,))]), bars(HOSTILE, [(HOSTILE, 1)])):
        assert "<script" not in markup
        svg = drawn(markup)
        assert HOSTILE in {text.text for text in svg.iter("text")}
        assert svg.attrib["aria-label"] == HOSTILE
