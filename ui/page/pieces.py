"""Pieces of HTML. Text that goes in is escaped here, and its control and bidi characters are written out.

Whoever builds HTML for the page builds it of these: a `str` is always text, only `Markup` is markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from urllib.parse import urlencode

from markupsafe import Markup, escape

from flows.service import plain

Cell = str | Markup | int | float | None
"""What may stand in a table: text, a piece, a number, or nothing."""


NEXT = Markup("\n")
BREAK = Markup("<br>")
_CELL, _NUMBER = Markup("<td>{}</td>"), Markup('<td class="dy-number">{}</td>')


class Tone(StrEnum):
    """How a piece is coloured. No tone is ever the only sign of what it means."""

    FINE = "fine"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"
    PLAIN = "plain"


def text(value: Cell) -> Markup:
    """A value on one line, markup as it is."""
    if isinstance(value, Markup):
        return value
    if value is None:
        return Markup("")
    return escape(plain.line(f"{value:g}" if isinstance(value, float) else str(value)))


def code(value: str) -> Markup:
    """Code on one line."""
    return Markup("<code>{}</code>").format(escape(plain.exactly(value)))


def block(lines: Iterable[str]) -> Markup:
    """Lines as they are."""
    return Markup('<pre tabindex="0">{}</pre>').format(Markup("\n").join(escape(plain.exactly(line)) for line in lines))


def badge(value: str, tone: Tone) -> Markup:
    """A word in a coloured frame."""
    return Markup('<span class="dy-badge dy-{}">{}</span>').format(tone.value, text(value))


def join(parts: Iterable[Cell], between: Markup = NEXT) -> Markup:
    """Pieces one after the other."""
    return between.join(text(part) for part in parts)


def listing(items: Iterable[Cell]) -> Markup:
    """A list with bullets."""
    return Markup("<ul>{}</ul>").format(Markup("").join(Markup("<li>{}</li>").format(text(item)) for item in items))


def definitions(pairs: Iterable[tuple[str, Cell]]) -> Markup:
    """Labels and what belongs to them."""
    rows = (Markup("<dt>{}</dt><dd>{}</dd>").format(text(label), text(value)) for label, value in pairs)
    return Markup("<dl>{}</dl>").format(Markup("").join(rows))


def table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Markup:
    """A table whose first column names its rows; numbers stand to the right. It scrolls by itself where it is wide."""
    found = list(rows)
    numbers = [found[0][at] if found and at < len(found[0]) else None for at in range(len(headings))]
    head = Markup("").join(_heading(name, numbers[at]) for at, name in enumerate(headings))
    return Markup(
        '<div class="dy-scroll" role="region" tabindex="0" aria-label="{0}"><table><caption>{0}</caption>'
        "<thead><tr>{1}</tr></thead><tbody>{2}</tbody></table></div>"
    ).format(text(caption), head, Markup("").join(_row(row) for row in found))


def _heading(name: str, below: Cell) -> Markup:
    where = Markup(' class="dy-number"') if isinstance(below, (int, float)) else Markup("")
    return Markup('<th scope="col"{}>{}</th>').format(where, text(name))


def _row(cells: Sequence[Cell]) -> Markup:
    first, *others = cells
    found = ((_NUMBER if isinstance(cell, (int, float)) else _CELL).format(text(cell)) for cell in others)
    return Markup('<tr><th scope="row">{}</th>{}</tr>').format(text(first), Markup("").join(found))


def section(title: str, *body: Cell, level: int = 3) -> Markup:
    """A part of the page under a heading."""
    return Markup("<section><h{0}>{1}</h{0}>{2}</section>").format(level, text(title), join(body))


def notice(sentence: str, tone: Tone = Tone.INFO) -> Markup:
    """One thing to know, read out when it appears; errors at once. Several lines stay several."""
    role = "alert" if tone in (Tone.ERROR, Tone.CRITICAL) else "status"
    lines = BREAK.join(text(line) for line in sentence.split("\n"))
    return Markup('<div class="dy-notice dy-{}" role="{}"><p>{}</p></div>').format(tone.value, role, lines)


def loading(what: str) -> Markup:
    """What stands on the page until the hub has answered."""
    return notice(f"Looking for {what} … Load the page again if this stays.", Tone.PLAIN)


def tiles(figures: Iterable[tuple[str, Cell, Tone]]) -> Markup:
    """Figures with their names, side by side."""
    found = (
        Markup('<li class="dy-tile dy-{}"><b>{}</b> <span>{}</span></li>').format(tone.value, text(value), text(label))
        for label, value, tone in figures
    )
    return Markup('<ul class="dy-tiles">{}</ul>').format(Markup("").join(found))


def link(address: str, label: str) -> Markup:
    """A link to a page elsewhere, which learns nothing of this one; only its label where the address is not http."""
    if not address.startswith(("http://", "https://")):
        return text(label)
    return Markup('<a href="{}" target="_blank" rel="noreferrer noopener">{}</a>').format(escape(address), text(label))


def here(label: str, **where: str) -> Markup:
    """A link to a place of this page, such as a run or a gate."""
    return Markup('<a href="?{}">{}</a>').format(urlencode(where), text(label))
