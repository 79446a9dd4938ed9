"""Where every value of a JSON text stands."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import NoReturn

from pydantic import JsonValue


class JsonError(Exception):
    """The text is not JSON; the message says in which line and why."""


@dataclass(frozen=True)
class Node:
    """A value at `text[start:end]`. `members` are an object's, `items` a list's; `data` is any other value."""

    start: int
    end: int
    data: JsonValue = None
    members: tuple[Member, ...] = ()
    items: tuple[Node, ...] = ()
    kind: type[dict[str, JsonValue] | list[JsonValue]] | None = None

    def member(self, key: str) -> tuple[Member, ...]:
        """The members of that name: none, one, or several where a key was written twice."""
        return tuple(member for member in self.members if member.key == key)


@dataclass(frozen=True)
class Member:
    """A key of an object with its value; the key, in its quotes, stands at `start` … `end`."""

    key: str
    start: int
    end: int
    value: Node = field(default_factory=lambda: Node(0, 0))


_STRING = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r'[^\s,:\]}"]+')
_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\r\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING = re.compile(r'"(?:\\.|[^"\\])*"|,(?=[ \t\r\n]*[\]}])', re.DOTALL)


def without_comments(text: str) -> str:
    """`text` with blanks for comments and commas at the end of a list, of the same length."""
    return _TRAILING.sub(_blanked, comments_blanked(text))


def comments_blanked(text: str) -> str:
    """`text` with blanks for comments, of the same length."""
    return _COMMENT.sub(_blanked, text)


def _blanked(found: re.Match[str]) -> str:
    whole = found[0]
    return whole if whole.startswith('"') else re.sub(r"[^\r\n]", " ", whole)


def parse(text: str, *, comments: bool = False) -> Node:
    """The tree of `text`; a byte order mark may lead it. Raises JsonError."""
    plain = " " + text[1:] if text.startswith("\ufeff") else text
    if comments:
        plain = without_comments(plain)
    try:
        # Decides what is JSON: what follows only looks for places.
        json.loads(plain, parse_constant=_no_constant)
        node, _ = _value(plain, _skip(plain, 0))
    except json.JSONDecodeError as error:
        raise JsonError(f"line {error.lineno}: {error.msg}") from error
    except RecursionError as error:
        raise JsonError("line 1: it is nested too deeply") from error
    return node


def _no_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is not JSON", "", 0)


def _skip(text: str, position: int) -> int:
    found = _BLANK.match(text, position)
    return found.end() if found else position


def _value(text: str, start: int) -> tuple[Node, int]:
    if text[start] == "{":
        return _object(text, start)
    if text[start] == "[":
        return _list(text, start)
    if text[start] == '"':
        data, end = _STRING.raw_decode(text, start)
        return Node(start, end, data), end
    found = _PLAIN.match(text, start)
    end = found.end() if found else len(text)
    return Node(start, end, json.loads(text[start:end])), end


def _object(text: str, start: int) -> tuple[Node, int]:
    members = []
    position = _skip(text, start + 1)
    while text[position] != "}":
        key, end = _STRING.raw_decode(text, position)
        value, after = _value(text, _skip(text, _skip(text, end) + 1))
        members.append(Member(key, position, end, value))
        position = _skip(text, after)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return Node(start, position + 1, members=tuple(members), kind=dict), position + 1


def _list(text: str, start: int) -> tuple[Node, int]:
    items = []
    position = _skip(text, start + 1)
    while text[position] != "]":
        item, after = _value(text, position)
        items.append(item)
        position = _skip(text, after)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return Node(start, position + 1, items=tuple(items), kind=list), position + 1
