"""TOML: a value that is written out changes in its span; keys are added and removed by tomlkit, which keeps the layout."""

from __future__ import annotations

import json
import tomllib
from collections.abc import MutableMapping, MutableSequence
from typing import Any

import tomlkit
from pydantic import JsonValue
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array, InlineTable

from agents.patcher.configuration.interface import (
    Changed,
    Removal,
    TooMuchError,
    UnchangeableError,
    UnparsableError,
    expected,
    nested,
)
from agents.patcher.configuration.toml_spans import spans
from agents.patcher.edits import Edit, apply
from agents.patcher.schema import KeyPath


def change(text: str, path: KeyPath, value: JsonValue | Removal) -> Changed:
    """The text with the value at the path set or removed."""
    data = _parsed(text)
    wanted = expected(data, path, value)
    span = spans(text).get(path)
    if isinstance(value, Removal) or span is None:
        changed = _by_tomlkit(text, path, value)
    else:
        old = text[span.start : span.end]
        new = old if repr(_at(data, path)) == repr(value) else _written(value, literal=old.startswith("'"))
        changed = Changed(apply(text, [Edit(span.start, span.end, new)]), old, new, span.start)
    try:
        found = repr(_sorted(_parsed(changed.text)))
    except UnparsableError as error:
        raise TooMuchError from error
    if found != repr(_sorted(wanted)):
        raise TooMuchError
    return changed


def _parsed(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise UnparsableError(str(error)) from error
    except RecursionError as error:
        raise UnparsableError("it is nested too deeply") from error


def _at(data: object, path: KeyPath) -> object:
    for part in path:
        data = data[part] if isinstance(data, dict | list) else None  # type: ignore[index] # led there before
    return data


def _sorted(data: object) -> object:
    # Compared as text: for Python 1, 1.0 and true are equal.
    if isinstance(data, dict):
        return {key: _sorted(data[key]) for key in sorted(data)}
    return [_sorted(item) for item in data] if isinstance(data, list) else data


def _written(value: JsonValue, *, literal: bool = False) -> str:
    """`value` as TOML on one line. Raises UnchangeableError for null, which TOML does not have."""
    if value is None:
        raise UnchangeableError("TOML has no null; remove the key instead")
    if isinstance(value, str):
        if literal and "'" not in value and value.isprintable():
            return f"'{value}'"
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(_written(item) for item in value)}]"
    if isinstance(value, dict):
        pairs = ", ".join(f"{tomlkit.key(key).as_string()} = {_written(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return repr(value) if isinstance(value, float) else json.dumps(value)


def _by_tomlkit(text: str, path: KeyPath, value: JsonValue | Removal) -> Changed:
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    # tomlkit ends the lines it adds with a bare newline.
    carriage = "\r\n" in text and "\n" not in text.replace("\r\n", "")
    plain = text.removeprefix(mark)
    plain = plain.replace("\r\n", "\n") if carriage else plain
    try:
        document = tomlkit.parse(plain)
        if document.as_string() != plain:
            raise UnchangeableError("its layout cannot be kept; change it by hand or give the whole `content`")
        span = spans(plain).get(path)
        old = plain[span.start : span.end] if span else None
        new = _alter(document, path, value)
        changed = document.as_string()
    except (TOMLKitError, TypeError, ValueError, KeyError, AttributeError) as error:
        # tomlkit has gaps, and tells of them in many ways.
        raise UnchangeableError(f"tomlkit: {error}; change it by hand or give the whole `content`") from error
    offset = next((index for index, (a, b) in enumerate(zip(plain, changed, strict=False)) if a != b), len(plain))
    offset += plain.count("\n", 0, offset) if carriage else 0
    changed = changed.replace("\n", "\r\n") if carriage else changed
    return Changed(mark + changed, old, new, offset + len(mark))


def _alter(document: MutableMapping[str, object], path: KeyPath, value: JsonValue | Removal) -> str | None:
    held: object = document
    for index, part in enumerate(path):
        rest = path[index + 1 :]
        if isinstance(held, MutableMapping) and isinstance(part, str):
            if isinstance(value, Removal) and not rest:
                del held[part]
                return None
            if not isinstance(value, Removal) and (not rest or part not in held):
                held[part] = _item(held, nested(rest, value))
                return _written(value)
            held = held[part]
        elif isinstance(held, MutableSequence) and isinstance(part, int):
            if isinstance(value, Removal) and not rest:
                del held[part]
                return None
            if not isinstance(value, Removal) and part == len(held):
                held.append(_item(held, nested(rest, value)))
                return _written(value)
            if not isinstance(value, Removal) and not rest:
                held[part] = _item(held, value)
                return _written(value)
            held = held[part]
        else:
            raise UnchangeableError(f"`{part}` leads into a value that is no table")
    raise UnchangeableError("the path is empty")


def _item(held: object, value: JsonValue) -> object:
    """`value` as tomlkit holds it: on one line where what it is put into is written on one line."""
    written = _written(value)  # refuses what TOML cannot say
    if isinstance(held, Array | InlineTable):
        return tomlkit.value(written)
    plain: Any = value  # tomlkit's overloads name each kind of value by itself
    return tomlkit.item(plain)
