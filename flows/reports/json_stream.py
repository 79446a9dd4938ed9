"""JSON documents with very long lists in them, written piece by piece."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from itertools import islice

from pydantic import JsonValue
from pydantic_core import to_json

from flows.reports import plain

_AT_ONCE = 500
"""Items of a list that are written together."""


class Holes:
    """Places in a document that are filled while it is written."""

    def __init__(self) -> None:
        # No text of a report can look like a place that it cannot know.
        self._secret = secrets.token_hex(16)
        self._filled: list[Iterable[JsonValue]] = []

    def of(self, items: Iterable[JsonValue]) -> JsonValue:
        """What to put into the document where a list of `items` shall stand."""
        self._filled.append(items)
        return f"{self._secret}:{len(self._filled) - 1}"

    def pieces(self, document: JsonValue, indent: int) -> Iterator[str]:
        """The document as it would be written at once, ending with a line break; active characters are escaped."""
        rest = to_json(document, indent=indent).decode()
        while self._secret in rest:
            before, _, after = rest.partition(f'"{self._secret}:')
            number, _, rest = after.partition('"')
            yield plain.inert_json(before)
            line = before.rpartition("\n")[2]
            yield from _array(self._filled[int(number)], indent, " " * (len(line) - len(line.lstrip(" "))))
        yield plain.inert_json(rest) + "\n"


def _array(items: Iterable[JsonValue], indent: int, margin: str) -> Iterator[str]:
    left, begun = iter(items), False
    while some := list(islice(left, _AT_ONCE)):
        lines = to_json(some, indent=indent).decode().removeprefix("[\n").removesuffix("\n]")
        # No line break stands within a text: JSON escapes it.
        yield plain.inert_json((",\n" if begun else "[\n") + margin + lines.replace("\n", f"\n{margin}"))
        begun = True
    yield f"\n{margin}]" if begun else "[]"
