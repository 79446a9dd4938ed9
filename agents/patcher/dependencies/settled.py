"""Which of the findings that an update is meant for its patch really touches; what is not certain is not claimed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agents.contract.schema import Finding


@dataclass(frozen=True)
class Edited:
    """A dependency's entry whose version was changed: its lines in `file`, as that was before."""

    file: str
    name: str
    first: int
    last: int


def settled(findings: Iterable[Finding], edited: Iterable[Edited]) -> tuple[Finding, ...]:
    """Those about an entry that was changed: at its lines, and naming its dependency.

    A line of a manifest can hold more than one dependency, so the line alone says too little.
    """
    places = tuple(edited)
    return tuple(finding for finding in findings if any(_about(finding, place) for place in places))


def _about(finding: Finding, place: Edited) -> bool:
    if finding.file != place.file or finding.line is None:
        return False
    last = max(finding.line, finding.end_line or finding.line)
    return finding.line <= place.last and place.first <= last and _names(finding.message, place.name)


def _names(text: str, name: str) -> bool:
    """Whether `text` has the name as a word of its own; Python's names are one however their parts are joined."""
    parts = [re.escape(part) for part in re.split(r"[-_.]+", name)]
    return re.search(rf"(?<![\w@/.-]){'[-_.]+'.join(parts)}(?![\w/-]|\.\w)", text, re.IGNORECASE) is not None
