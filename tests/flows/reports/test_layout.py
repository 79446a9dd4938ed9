"""Boxes of a picture stand in their columns, apart from each other, and arrows lead from box to box."""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.reports.layout import BOX_GAP, Arrow, Layout, Size, apart, layered


@st.composite
def drawings(draw: st.DrawFn) -> tuple[list[list[str]], dict[str, Size], list[Arrow]]:
    """Columns of boxes with sizes, and arrows that lead to later columns."""
    counts = draw(st.lists(st.integers(1, 6), min_size=1, max_size=6))
    columns = [[f"n{index}_{row}" for row in range(count)] for index, count in enumerate(counts)]
    sizes = {name: Size(draw(st.integers(20, 300)), draw(st.integers(10, 200))) for column in columns for name in column}
    pairs = [
        (one, other)
        for index, column in enumerate(columns)
        for one in column
        for later in columns[index + 1 :]
        for other in later
    ]
    arrows = draw(st.lists(st.sampled_from(pairs), max_size=12)) if pairs else []
    return columns, sizes, arrows


@settings(max_examples=80, deadline=None)
@given(drawings())
def test_boxes_never_overlap_and_arrows_touch_their_boxes(
    drawing: tuple[list[list[str]], dict[str, Size], list[Arrow]],
) -> None:
    columns, sizes, arrows = drawing
    found = layered(columns, sizes, arrows)
    assert found.corners.keys() == sizes.keys()
    for column in columns:
        assert len({found.corners[name][0] for name in column}) == 1
        standing = sorted(column, key=lambda name: found.corners[name][1])
        for above, below in pairwise(standing):
            gap = found.corners[below][1] - found.corners[above][1] - sizes[above].height
            assert gap >= BOX_GAP - 1e-6
    for (x, y), size in ((found.corners[name], sizes[name]) for name in sizes):
        assert x >= 0
        assert y >= -1e-6
        assert x + size.width <= found.size.width + 1e-6
        assert y + size.height <= found.size.height + 1e-6
    assert found.paths.keys() == set(arrows)
    for (source, target), points in found.paths.items():
        assert touches(found, sizes, source, points[0], right=True)
        assert touches(found, sizes, target, points[-1], right=False)
        assert all(one[0] <= other[0] for one, other in pairwise(points))


def touches(found: Layout, sizes: dict[str, Size], name: str, point: tuple[float, float], *, right: bool) -> bool:
    x, y = found.corners[name]
    side = x + sizes[name].width if right else x
    return math.isclose(point[0], side) and math.isclose(point[1], y + sizes[name].height / 2)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(-500, 500), st.integers(10, 100)), min_size=1, max_size=8))
def test_heights_are_the_nearest_that_keep_a_gap(found: list[tuple[int, int]]) -> None:
    wanted, heights = [float(want) for want, _ in found], [float(height) for _, height in found]
    placed = apart(wanted, heights)
    for index, (one, other) in enumerate(pairwise(placed)):
        assert other - one >= (heights[index] + heights[index + 1]) / 2 + BOX_GAP - 1e-6
    # The least squares keep the sum: nothing is moved further than it must.
    assert math.isclose(sum(placed), sum(wanted), abs_tol=1e-6)


def test_a_crossing_that_can_be_avoided_is() -> None:
    sizes = {name: Size(10, 10) for name in "abcd"}
    found = layered([["a", "b"], ["c", "d"]], sizes, [("a", "d"), ("b", "c")])
    assert (found.corners["a"][1] < found.corners["b"][1]) == (found.corners["d"][1] < found.corners["c"][1])


def test_an_arrow_goes_round_the_boxes_of_the_columns_that_it_passes() -> None:
    sizes = {name: Size(100, 40) for name in "abc"}
    found = layered([["a"], ["b"], ["c"]], sizes, [("a", "b"), ("b", "c"), ("a", "c")])
    x, y = found.corners["b"]
    across = [point for point in found.paths["a", "c"] if x <= point[0] <= x + 100]
    assert across
    assert all(not y <= point[1] <= y + 40 for point in across)


def test_nothing_to_draw_is_no_error() -> None:
    assert layered([], {}, []).size == Size(0, 0)
