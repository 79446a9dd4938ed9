"""A gate's diff for the page: by file, with line numbers, in pages that a browser shows at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from markupsafe import Markup, escape

from agents.contract.schema import Frozen
from flows.service.gate_text import DiffLine, Part
from ui.page.pieces import Tone, notice, text

PAGE_LINES = 400
"""Lines of one page."""
PAGE_CHARACTERS = 200_000
"""No further line goes to a page that has as many: some files are a few enormous lines."""

_PLACE = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


class Row(Frozen):
    """A line with its number before and after the change, counted from 1; None where it has none."""

    line: DiffLine
    old: int | None = None
    new: int | None = None


class Piece(Frozen):
    """Lines of one file; `begun`: those before them are on an earlier page."""

    file: str
    begun: bool
    rows: tuple[Row, ...]


class DiffPage(Frozen):
    """What is shown at once."""

    pieces: tuple[Piece, ...]

    @property
    def files(self) -> str:
        """Which files it shows, in words."""
        names = [piece.file for piece in self.pieces]
        return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def pages(lines: Iterable[DiffLine], *, size: int = PAGE_LINES) -> tuple[DiffPage, ...]:
    """The diff in pages of `size` lines at most. Every line is on exactly one of them, in order."""
    found: list[DiffPage] = []
    pieces: list[Piece] = []
    room, characters = size, 0

    def turn() -> None:
        nonlocal pieces, room, characters
        found.append(DiffPage(pieces=tuple(pieces)))
        pieces, room, characters = [], size, 0

    for file, rows in _files(lines):
        begun, here = False, list[Row]()
        for row in rows:
            if room == 0 or characters >= PAGE_CHARACTERS:
                if here:
                    pieces.append(Piece(file=file, begun=begun, rows=tuple(here)))
                    begun, here = True, []
                turn()
            here.append(row)
            room, characters = room - 1, characters + len(row.line.text)
        pieces.append(Piece(file=file, begun=begun, rows=tuple(here)))
    if pieces:
        turn()
    return tuple(found)


def page_html(page: DiffPage) -> Markup:
    """One page of a diff. Each line keeps its sign: colour is not the only mark."""
    return Markup("").join(_piece(piece) for piece in page.pieces)


NO_CHANGE = notice("This gate asks about no change of files. What will happen is said above.", Tone.INFO)


def _piece(piece: Piece) -> Markup:
    added = sum(row.line.part is Part.ADDED for row in piece.rows)
    removed = sum(row.line.part is Part.REMOVED for row in piece.rows)
    about = f"{added} added, {removed} removed here" + (", continued" if piece.begun else "")
    return Markup(
        '<section class="dy-file"><h4><code>{0}</code> <span class="dy-soft">{1}</span></h4>'
        '<div class="dy-scroll" role="region" tabindex="0" aria-label="Change of {0}"><table class="dy-diff">'
        '<caption class="dy-unseen">Change of {0}: line before, line after, text</caption>'
        '<thead class="dy-unseen"><tr><th scope="col">Before</th><th scope="col">After</th><th scope="col">Text</th></tr>'
        "</thead><tbody>{2}</tbody></table></div></section>"
    ).format(text(piece.file), about, Markup("").join(_row(row) for row in piece.rows))


def _row(row: Row) -> Markup:
    return Markup(
        '<tr class="dy-{}"><td class="dy-number">{}</td><td class="dy-number">{}</td><td><code>{}</code></td></tr>'
    ).format(row.line.part.value, text(row.old), text(row.new), escape(row.line.text))


def _files(lines: Iterable[DiffLine]) -> Iterator[tuple[str, list[Row]]]:
    """Each file's name and lines. Only what git says between files names one: lines of content never do."""
    file: list[DiffLine] = []
    for line in lines:
        if line.part is Part.HEAD and line.text.startswith("diff --git ") and file:
            yield _name(file), list(_numbered(file))
            file = []
        file.append(line)
    if file:
        yield _name(file), list(_numbered(file))


def _name(lines: list[DiffLine]) -> str:
    heads = [line.text for line in lines if line.part is Part.HEAD]
    for sign, side in (("+++ ", "b/"), ("--- ", "a/")):
        for head in heads:
            if head.startswith(sign) and not head.endswith("/dev/null"):
                return head.removeprefix(sign).removeprefix(side)
    return heads[0].removeprefix("diff --git ") if heads else "change"


def _numbered(lines: list[DiffLine]) -> Iterator[Row]:
    old = new = 0
    for line in lines:
        match line.part:
            case Part.PLACE:
                if found := _PLACE.match(line.text):
                    old, new = int(found[1]), int(found[2])
                yield Row(line=line)
            case Part.ADDED:
                yield Row(line=line, new=new)
                new += 1
            case Part.REMOVED:
                yield Row(line=line, old=old)
                old += 1
            case Part.CONTEXT if line.text.startswith(" ") or not line.text:
                yield Row(line=line, old=old, new=new)
                old, new = old + 1, new + 1
            case _:  # what git says about a file, such as that its last line has no end
                yield Row(line=line)
