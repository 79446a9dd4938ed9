"""The end of a run's log, which grows while somebody looks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from markupsafe import Markup

from agents.contract.schema import Frozen
from flows.service import LogLine
from ui.page.pieces import text

KEPT = 300
"""Lines of the tail."""
_PAGE = 200
_PAGES_AT_ONCE = 25
"""Pages of a log that are read in one look: what comes later is read in the next."""

Fetch = Callable[[datetime | None, int], tuple[LogLine, ...]]
"""Lines later than a time (or as late), oldest first, from an offset on; none where there are no more."""


class Tail(Frozen):
    """The newest lines, oldest first, and how many came before them."""

    lines: tuple[LogLine, ...] = ()
    before: int = 0

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that said something."""
        return tuple(sorted({line.node for line in self.lines if line.node}))


def grown(tail: Tail, fetch: Fetch) -> Tail:
    """The tail with what was said since."""
    last = tail.lines[-1].at if tail.lines else None
    known = {(line.node, line.text) for line in tail.lines if line.at == last}
    fresh: list[LogLine] = []
    offset = 0
    for _ in range(_PAGES_AT_ONCE):
        found = fetch(last, offset)
        offset += len(found)
        fresh += [line for line in found if line.at != last or (line.node, line.text) not in known]
        if len(found) < _PAGE:
            break
    if not fresh:
        return tail
    lines = (*tail.lines, *fresh)
    return Tail(lines=lines[-KEPT:], before=tail.before + max(0, len(lines) - KEPT))


def tail_html(tail: Tail, node: str) -> Markup:
    """The lines of `node`, of all where it is empty. The box opens at its end."""
    shown = [line for line in tail.lines if node in ("", line.node)]
    if not shown:
        who = f"{node} has" if node else "The run has"
        return Markup('<p class="dy-soft">{} logged nothing yet. Lines appear here by themselves.</p>').format(text(who))
    earlier = f"{tail.before} earlier lines are left out; `dockyard logs` prints them all." if tail.before else ""
    return Markup(
        '<p class="dy-soft">{}</p><div class="dy-tail" tabindex="0" role="region" aria-label="Log, newest line last">'
        "<pre>{}</pre></div>"
    ).format(earlier, Markup("\n").join(_line(line) for line in shown))


def _line(line: LogLine) -> Markup:
    level = logging.getLevelName(line.level)
    tone = "error" if line.level >= logging.ERROR else "warning" if line.level >= logging.WARNING else "plain"
    said = Markup("\n").join(text(part) for part in line.text.split("\n"))
    node = Markup("{} ").format(text(line.node)) if line.node else ""
    return Markup('<span class="dy-level dy-{}">{} {:8}</span>{}{}').format(tone, f"{line.at:%H:%M:%S}", level, node, said)
