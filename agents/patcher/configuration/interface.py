"""What a format of configuration does with a change, and what all formats share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from pydantic import JsonValue

from agents.patcher.schema import KeyPath


class UnparsableError(Exception):
    """The text is not of its format; the message says in which line and why."""


class UnchangeableError(Exception):
    """The change cannot be made in this text; the message says why."""


class TooMuchError(UnchangeableError):
    """The text after the change is not just what was asked for."""

    def __init__(self) -> None:
        super().__init__("it cannot be changed without changing something else; change it by hand")


class Removal(Enum):
    """Stands where a value would: the key or item is to go."""

    REMOVE = "remove"


@dataclass(frozen=True)
class Changed:
    """A text after a change; `old` and `new` are how the value is written, none where there is none.

    `offset` is where the change begins.
    """

    text: str
    old: str | None
    new: str | None
    offset: int


Change = Callable[[str, KeyPath, JsonValue | Removal], Changed]
"""What a format offers: the text with the value at the path set or removed. Raises the errors of this module."""


def shown(path: KeyPath) -> str:
    """A key path for people: `services.web.ports[0]`."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).removeprefix(".")


def nested(path: KeyPath, value: JsonValue) -> JsonValue:
    """`value` inside the objects and lists that `path` leads through. Raises UnchangeableError."""
    for part in reversed(path):
        if isinstance(part, int) and part != 0:
            raise UnchangeableError(f"there is no list yet whose item {part} could be set; begin with 0")
        value = {part: value} if isinstance(part, str) else [value]
    return value


def expected(data: object, path: KeyPath, value: JsonValue | Removal) -> object:
    """What `data` is to be after the change: a copy along the path. Raises UnchangeableError."""
    if not path:
        return value
    part, rest = path[0], path[1:]
    last = not rest
    if isinstance(part, str) and isinstance(data, dict):
        if value is Removal.REMOVE and part not in data:
            raise UnchangeableError(f"there is no `{part}` to remove")
        if value is Removal.REMOVE and last:
            return {key: held for key, held in data.items() if key != part}
        inner = expected(data[part], rest, value) if part in data else _new(rest, value)
        return {**data, part: inner}
    if isinstance(part, int) and isinstance(data, list):
        if not 0 <= part < len(data) + (value is not Removal.REMOVE):
            raise UnchangeableError(f"the list has {len(data)} items, counted from 0, and no item {part}")
        if value is Removal.REMOVE and last:
            return [*data[:part], *data[part + 1 :]]
        inner = expected(data[part], rest, value) if part < len(data) else _new(rest, value)
        return [*data[:part], inner, *data[part + 1 :]]
    raise UnchangeableError(f"`{part}` leads into a value that is no {'list' if isinstance(part, int) else 'object'}")


def _new(rest: KeyPath, value: JsonValue | Removal) -> JsonValue:
    if isinstance(value, Removal):
        raise UnchangeableError("there is nothing to remove")
    return nested(rest, value)
