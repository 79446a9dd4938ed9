"""YAML with places: plain data plus the line and column of every key, value and item."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from pydantic import JsonValue
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StreamMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from flows.definition import scalars
from flows.definition.problems import DefinitionError, Problem

MAX_BYTES = 256 * 1024
MAX_DEPTH = 40

Place = tuple[str | int, ...]


@dataclass
class Document:
    """`data` as JSON values; `marks` maps a path to its value's (line, column) from 1, `keys` its key's."""

    file: str
    data: JsonValue = None
    marks: dict[Place, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Place, tuple[int, int]] = field(default_factory=dict)

    def problem(
        self, code: str, message: str, place: Place = (), suggestion: str | None = None, *, key: bool = False
    ) -> Problem:
        """A Problem at `place`, or at its nearest ancestor that the file holds."""
        near = place
        while near and near not in self.marks:
            near = near[:-1]
        marks = self.keys if key and near in self.keys else self.marks
        line, column = marks.get(near, (1, 1))
        return Problem(code=code, message=message, file=self.file, line=line, column=column, suggestion=suggestion)


def read(text: str, file: str, what: str = "workflow") -> Document:
    """Parse `text`, which holds a `what`. Raises DefinitionError (DY001) for anything but plain, shallow YAML."""
    document = Document(file)
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise DefinitionError([document.problem("DY001", f"the file is larger than {MAX_BYTES // 1024} KiB.")])
    try:
        _Reader(document, text, what).read()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"not valid YAML: {error.problem or error.context or 'cannot be parsed'}."
        raise DefinitionError([_at(document, mark, message)]) from error
    except (YAMLError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise DefinitionError([document.problem("DY001", f"not valid YAML: {reason}.")]) from error
    return document


def _at(document: Document, mark: StreamMark | None, message: str) -> Problem:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Problem(code="DY001", message=message, file=document.file, line=line, column=column)


def _mark(event: Event) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


class _Reader:
    """Makes values from the parser's events.

    libyaml gives the events: it is a hundred times faster than a parser in Python. What they mean is decided here, by
    YAML 1.2's rules, and only they know where an alias stands and how deep the text is.
    """

    def __init__(self, document: Document, text: str, what: str) -> None:
        self._document = document
        self._what = what
        self._events: Iterator[Event] = iter(YAML(typ="safe").parse(text))
        self._depth = 0

    def read(self) -> None:
        """Fill the document. Raises DefinitionError, or a YAMLError of the parser."""
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(event, f"a file holds one {self._what}, and another document starts here.")
                self._document.data = self._value(next(self._events), ())
        if not documents:
            hint = "A workflow has at least a name and nodes." if self._what == "workflow" else None
            raise DefinitionError([self._document.problem("DY001", "the file is empty.", suggestion=hint)])

    def _refuse(self, event: Event, message: str) -> NoReturn:
        raise DefinitionError([_at(self._document, event.start_mark, message)])

    def _value(self, event: Event, place: Place) -> JsonValue:
        self._document.marks[place] = _mark(event)
        if isinstance(event, AliasEvent):
            self._refuse(event, "YAML aliases are not available here; write the value out.")
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        if not isinstance(event, CollectionStartEvent):
            raise TypeError(f"the parser gave {event} where a value belongs")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels.")
        kind = "map" if isinstance(event, MappingStartEvent) else "seq"
        if event.tag not in (None, "!", f"{scalars.PREFIX}{kind}"):
            self._refuse(event, f"'{event.tag}' values are not available here.")
        found = self._mapping(place) if kind == "map" else self._sequence(place)
        self._depth -= 1
        return found

    def _mapping(self, place: Place) -> JsonValue:
        mapping: dict[str, JsonValue] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            if isinstance(event, AliasEvent):
                self._refuse(event, "YAML aliases are not available here; write the value out.")
            if not isinstance(event, ScalarEvent):
                self._refuse_key(event)
            key = str(event.value)
            if key in mapping:
                self._refuse(event, f"the key '{key}' stands twice.")
            at = (*place, key)
            self._document.keys[at] = _mark(event)
            mapping[key] = self._value(next(self._events), at)
        return mapping

    def _refuse_key(self, event: Event) -> NoReturn:
        # What makes it deep, or is an alias in it, is the worse mistake.
        self._value(event, ())
        self._refuse(event, "a key must be plain text.")

    def _sequence(self, place: Place) -> JsonValue:
        items: list[JsonValue] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._value(event, (*place, len(items))))
        return items

    def _scalar(self, event: ScalarEvent) -> JsonValue:
        text = str(event.value)
        tag = event.tag
        if tag is None and event.implicit[0]:
            tag = scalars.tag_of(text)
        if tag in (None, "!", scalars.TEXT):
            return text
        if tag not in scalars.TAGS:
            message = f"'{tag}' values are not available; use text, numbers, true/false, lists or mappings."
            self._refuse(event, message)
        try:
            value = scalars.value_of(tag, text)
        except ValueError:
            self._refuse(event, f"'{text[:40]}' is not a value of '{tag}'.")
        if isinstance(value, float) and not math.isfinite(value):
            self._refuse(event, "a number must be finite.")
        return value
