"""Small plots as SVG of our own: nothing is loaded and nothing runs. Each has the same numbers as a table beside it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from agents.contract.schema import Frozen
from flows.service import plain

WIDTH, HEIGHT = 640, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 14, 44
_STYLE = """\
text{font:12px system-ui,sans-serif;fill:#475467}.grid{stroke:#e4e7ec}.bar{fill:#175cd3}
.line{fill:none;stroke-width:2}.back{fill:#fff}"""
_COLOURS = ("#175cd3", "#b42318", "#b54708", "#027a48")
_DASHES = ("none", "6 3", "2 3", "8 3 2 3")


class Series(Frozen):
    """Values from left to right; None where there is none."""

    name: str
    values: tuple[float | None, ...]


def lines(title: str, labels: Sequence[str], series: Sequence[Series]) -> str:
    """Lines over `labels`, from nought up. Colour is not the only mark: each line has its own dashes and is named."""
    top = max((value for one in series for value in one.values if value is not None), default=0) or 1
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(labels) - 1)
    parts = [_axis(top)]
    for number, one in enumerate(series):
        colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number % len(_DASHES)]
        points = [(_LEFT + at * step, _y(value, top)) for at, value in enumerate(one.values) if value is not None]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline class="line" stroke="{colour}" stroke-dasharray="{dash}" points="{path}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        at = _LEFT + number * 150
        parts.append(f'<path class="line" stroke="{colour}" stroke-dasharray="{dash}" d="M{at} {HEIGHT - 8}h24"/>')
        parts.append(f'<text x="{at + 30}" y="{HEIGHT - 4}">{_text(one.name)}</text>')
    for at in sorted({0, len(labels) // 2, len(labels) - 1}) if labels else ():
        anchor = "start" if at == 0 else "end" if at == len(labels) - 1 else "middle"
        parts.append(
            f'<text x="{_LEFT + at * step:.1f}" y="{HEIGHT - 26}" text-anchor="{anchor}">{_text(labels[at])}</text>'
        )
    return _svg(title, parts)


def bars(title: str, values: Sequence[tuple[str, int]]) -> str:
    """A bar for each label, with its number on it."""
    top = max((value for _, value in values), default=0) or 1
    room = (WIDTH - _LEFT - _RIGHT) / max(1, len(values))
    parts = [_axis(top)]
    for at, (label, value) in enumerate(values):
        x, y = _LEFT + at * room, _y(value, top)
        parts.append(
            f'<rect class="bar" x="{x + 6:.1f}" y="{y:.1f}" width="{room - 12:.1f}" height="{_y(0, top) - y:.1f}"/>'
        )
        middle = x + room / 2
        parts.append(f'<text x="{middle:.1f}" y="{max(y - 3, 11):.1f}" text-anchor="middle">{value}</text>')
        parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 26}" text-anchor="middle">{_text(label)}</text>')
    return _svg(title, parts)


def _y(value: float, top: float) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / top


def _axis(top: float) -> str:
    found = []
    for value in (0, top / 2, top):
        y = _y(value, top)
        found.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>')
        found.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    return "".join(found)


def _svg(title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img"><title>{_text(title)}</title><style>{_STYLE}</style>'
        f'<rect class="back" width="{WIDTH}" height="{HEIGHT}"/>{"".join(parts)}</svg>'
    )


def _text(value: str) -> str:
    return escape(plain.line(value))
