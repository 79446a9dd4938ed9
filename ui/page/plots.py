"""Small plots as SVG of our own: nothing is loaded and nothing runs. Each has the same numbers as a table beside it.

They stand in the page itself, for a picture of its own would not know whether the page is light or dark: their colours
are the page's (`style.css`).
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from agents.contract.schema import Frozen
from ui.page.pieces import Tone, text

WIDTH, HEIGHT = 640, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 14, 44
_TONES = (Tone.INFO, Tone.ERROR, Tone.WARNING, Tone.FINE)
_DASHES = ("none", "6 3", "2 3", "8 3 2 3")
_NOTHING = Markup("")


class Series(Frozen):
    """Values from left to right; None where there is none."""

    name: str
    values: tuple[float | None, ...]


def lines(title: str, labels: Sequence[str], series: Sequence[Series]) -> Markup:
    """Lines over `labels`, from nought up. Colour is not the only mark: each line has its own dashes and is named."""
    top = max((value for one in series for value in one.values if value is not None), default=0) or 1
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(labels) - 1)
    parts = [_axis(top)]
    for number, one in enumerate(series):
        points = [(_LEFT + at * step, _y(value, top)) for at, value in enumerate(one.values) if value is not None]
        parts.append(_line(number, one.name, points))
    for at in sorted({0, len(labels) // 2, len(labels) - 1}) if labels else ():
        anchor = "start" if at == 0 else "end" if at == len(labels) - 1 else "middle"
        parts.append(_text(_LEFT + at * step, HEIGHT - 26, labels[at], anchor))
    return _svg(title, parts)


def bars(title: str, values: Sequence[tuple[str, int]]) -> Markup:
    """A bar for each label, with its number on it."""
    top = max((value for _, value in values), default=0) or 1
    room = (WIDTH - _LEFT - _RIGHT) / max(1, len(values))
    parts = [_axis(top)]
    for at, (label, value) in enumerate(values):
        x, y = _LEFT + at * room, _y(value, top)
        parts.append(
            Markup('<rect class="dy-bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                x + 6, y, room - 12, _y(0, top) - y
            )
        )
        parts.append(_text(x + room / 2, max(y - 3, 11), str(value), "middle"))
        parts.append(_text(x + room / 2, HEIGHT - 26, label, "middle"))
    return _svg(title, parts)


def _line(number: int, name: str, points: Sequence[tuple[float, float]]) -> Markup:
    """A line with its points, and its entry below the plot."""
    at = _LEFT + number * 150
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = _NOTHING.join(Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3"/>').format(x, y) for x, y in points)
    dashes = _DASHES[number % len(_DASHES)]
    return Markup(
        '<g class="dy-{}"><polyline class="dy-line" stroke-dasharray="{}" points="{}"/>{}'
        '<path class="dy-line" stroke-dasharray="{}" d="M{} {}h24"/></g>{}'
    ).format(
        _TONES[number % len(_TONES)].value, dashes, path, dots, dashes, at, HEIGHT - 8,
        _text(at + 30, HEIGHT - 4, name, "start"),
    )  # fmt: skip


def _y(value: float, top: float) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / top


def _axis(top: float) -> Markup:
    found = []
    for value in (0, top / 2, top):
        y = _y(value, top)
        found.append(Markup('<path class="dy-grid" d="M{} {:.1f}H{}"/>').format(_LEFT, y, WIDTH - _RIGHT))
        found.append(_text(_LEFT - 6, y + 4, f"{value:.3g}", "end"))
    return _NOTHING.join(found)


def _text(x: float, y: float, value: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, anchor, text(value))


def _svg(title: str, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<div class="dy-picture" tabindex="0" role="region" aria-label="{0}">'
        '<svg class="dy-plot" width="{1}" height="{2}" viewBox="0 0 {1} {2}" role="img" aria-label="{0}">{3}</svg></div>'
    ).format(text(title), WIDTH, HEIGHT, _NOTHING.join(parts))
