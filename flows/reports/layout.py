"""Boxes in columns with arrows between them: a layered drawing in the manner of Sugiyama, Tagawa and Toda (1981).

Long arrows get a place of their own in every column that they pass; the order within columns is found by barycentres,
heights by isotonic regression, which keeps boxes near their neighbours and apart from each other.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

Point: TypeAlias = tuple[float, float]
Arrow: TypeAlias = tuple[str, str]

COLUMN_GAP = 64.0
BOX_GAP = 18.0
PASSING = 10.0
"""Height that an arrow takes where it passes a column."""
SWEEPS = 12


@dataclass(frozen=True)
class Size:
    """Width and height, in pixels."""

    width: float
    height: float


@dataclass(frozen=True)
class Layout:
    """Upper left corners of the boxes, the points of each arrow from box to box, and the size of it all."""

    corners: Mapping[str, Point]
    paths: Mapping[Arrow, Sequence[Point]]
    size: Size


def layered(columns: Sequence[Sequence[str]], sizes: Mapping[str, Size], arrows: Iterable[Arrow]) -> Layout:
    """Place boxes by columns from left to right. Every arrow leads from a column to a later one."""
    grid = _Grid([list(column) for column in columns], dict(sizes), sorted(set(arrows)))
    grid.bend()
    grid.sort()
    return grid.layout()


@dataclass
class _Grid:
    columns: list[list[str]]
    sizes: dict[str, Size]
    arrows: list[Arrow]
    chains: dict[Arrow, list[str]] = field(default_factory=dict)
    before: dict[str, list[str]] = field(default_factory=dict)
    after: dict[str, list[str]] = field(default_factory=dict)

    def bend(self) -> None:
        """Give every arrow a place in the columns that it passes."""
        level = {name: index for index, column in enumerate(self.columns) for name in column}
        for source, target in self.arrows:
            chain = [source]
            for index in range(level[source] + 1, level[target]):
                name = f"{source} {target} {index}"  # no id has a space in it
                self.sizes[name] = Size(0, PASSING)
                self.columns[index].append(name)
                chain.append(name)
            chain.append(target)
            self.chains[source, target] = chain
            for one, other in pairwise(chain):
                self.after.setdefault(one, []).append(other)
                self.before.setdefault(other, []).append(one)

    def sort(self) -> None:
        """Order each column by where its neighbours stand; the order with the fewest crossings wins."""
        best, fewest = [list(column) for column in self.columns], self._crossings()
        for sweep in range(SWEEPS):
            if fewest == 0:
                break
            forward = sweep % 2 == 0
            indexes = range(1, len(self.columns)) if forward else range(len(self.columns) - 2, -1, -1)
            for index in indexes:
                beside = self.columns[index - 1 if forward else index + 1]
                rank = {name: float(place) for place, name in enumerate(beside)}
                self.columns[index].sort(key=self._mean(rank, self.before if forward else self.after, self.columns[index]))
            found = self._crossings()
            if found < fewest:
                best, fewest = [list(column) for column in self.columns], found
        self.columns = best

    @staticmethod
    def _mean(
        rank: Mapping[str, float], neighbours: Mapping[str, list[str]], column: Sequence[str]
    ) -> Callable[[str], float]:
        now = {name: float(place) for place, name in enumerate(column)}

        def mean(name: str) -> float:
            found = [rank[other] for other in neighbours.get(name, ()) if other in rank]
            return sum(found) / len(found) if found else now[name]

        return mean

    def _crossings(self) -> int:
        total = 0
        for left, right in pairwise(self.columns):
            place = {name: index for index, name in enumerate(right)}
            ends: list[int] = []
            for name in left:
                targets = sorted(place[other] for other in self.after.get(name, ()) if other in place)
                total += sum(len(ends) - bisect_right(ends, target) for target in targets)
                for target in targets:
                    insort(ends, target)
        return total

    def layout(self) -> Layout:
        """Give everything its place."""
        middles = self._middles()
        shift = -min((middles[name] - self.sizes[name].height / 2 for name in middles), default=0.0)
        lefts, left = [], 0.0
        for column in self.columns:
            lefts.append(left)
            left += max((self.sizes[name].width for name in column), default=0.0) + COLUMN_GAP
        corners, sides = {}, {}
        for index, column in enumerate(self.columns):
            width = max((self.sizes[name].width for name in column), default=0.0)
            for name in column:
                size, middle = self.sizes[name], middles[name] + shift
                corners[name] = (lefts[index], middle - size.height / 2)
                # An arrow that only passes crosses the whole column in a straight line.
                right = lefts[index] + (size.width or width)
                sides[name] = ((lefts[index], middle), (right, middle), (lefts[index] + width, middle))
        paths = {arrow: _points([sides[name] for name in chain]) for arrow, chain in self.chains.items()}
        bottom = max((corners[name][1] + self.sizes[name].height for name in corners), default=0.0)
        size = Size(max(left - COLUMN_GAP, 0.0), bottom)
        return Layout({name: corner for name, corner in corners.items() if " " not in name}, paths, size)

    def _middles(self) -> dict[str, float]:
        middles: dict[str, float] = {}
        for column in self.columns:
            y = 0.0
            for name in column:
                middles[name] = y + self.sizes[name].height / 2
                y += self.sizes[name].height + BOX_GAP
        for sweep in range(SWEEPS):
            order = self.columns if sweep % 2 == 0 else self.columns[::-1]
            for column in order:
                wanted = [self._wanted(name, middles) for name in column]
                heights = [self.sizes[name].height for name in column]
                middles.update(zip(column, apart(wanted, heights), strict=True))
        return middles

    def _wanted(self, name: str, middles: Mapping[str, float]) -> float:
        near = [middles[other] for other in (*self.before.get(name, ()), *self.after.get(name, ()))]
        return sum(near) / len(near) if near else middles[name]


def apart(wanted: Sequence[float], heights: Sequence[float]) -> list[float]:
    """Middles as near to `wanted` as can be (least squares), in this order and a gap apart."""
    offsets, offset = [], 0.0
    for index, height in enumerate(heights):
        offset += (heights[index - 1] + height) / 2 + BOX_GAP if index else 0.0
        offsets.append(offset)
    # Pool adjacent violators: blocks of boxes that touch, each with its mean and size.
    blocks: list[tuple[float, int]] = []
    for want, moved in zip(wanted, offsets, strict=True):
        mean, count = want - moved, 1
        while blocks and blocks[-1][0] > mean:
            above, more = blocks.pop()
            mean, count = (above * more + mean * count) / (more + count), more + count
        blocks.append((mean, count))
    flat = [mean for mean, count in blocks for _ in range(count)]
    return [mean + moved for mean, moved in zip(flat, offsets, strict=True)]


def _points(sides: Sequence[tuple[Point, Point, Point]]) -> list[Point]:
    """From the right side of the first to the left side of the last, straight across the columns between."""
    (_, start, edge), *between, (end, _, _) = sides
    points = [start, edge]
    for left, right, _ in between:
        points += [left, right]
    return [*points, end]
