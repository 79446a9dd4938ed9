"""Replacing spans of a text and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """`text[start:end]` becomes `new`."""

    start: int
    end: int
    new: str

    def moved(self, by: int) -> Edit:
        """The same edit in a text that has `by` more characters before it."""
        return Edit(self.start + by, self.end + by, self.new)


def apply(text: str, edits: Iterable[Edit]) -> str:
    """`text` with all `edits` made; they do not overlap. Raises ValueError when they do."""
    parts, position = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < position:
            raise ValueError(f"two edits overlap at {edit.start}")
        parts += [text[position : edit.start], edit.new]
        position = edit.end
    return "".join([*parts, text[position:]])


def line_of(text: str, offset: int) -> int:
    """The line, from 1, that holds the character at `offset`."""
    return text.count("\n", 0, offset) + 1
