"""The one way to write JSON that is hashed: what is equal has the same text, on every machine and database."""

from __future__ import annotations

import hashlib
import json
import math

from pydantic import JsonValue

from flows.errors import InvalidInputError


def canonical(value: JsonValue) -> str:
    """`value` as JSON: keys sorted by code point, no whitespace, only `"`, `\\` and control characters escaped.

    A number that is whole is written as an integer, for a database or a browser may give 1.0 back as 1; any other by
    the shortest digits that read back as it. Text stays as it is: no Unicode normalisation.
    Raises InvalidInputError for what has no such text: NaN, infinities, lone surrogates, nesting beyond Python's depth.
    """
    try:
        text = json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        text.encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"this cannot be written as canonical JSON: {error}") from error
    return text


def digest(value: JsonValue) -> str:
    """sha256 of the UTF-8 bytes of the canonical form, as 64 hexadecimal digits. Raises InvalidInputError."""
    return hashlib.sha256(canonical(value).encode("utf-8")).hexdigest()


def _plain(value: JsonValue) -> JsonValue:
    match value:
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case float() if math.isfinite(value) and value.is_integer():
            return int(value)
        case _:
            return value
