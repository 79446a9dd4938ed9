"""What YAML 1.2 means by a plain scalar. `yes`, `on` and dates are text; numbers may have underscores."""

from __future__ import annotations

import re

from pydantic import JsonValue

MAX_CHARACTERS = 400
"""Of a number: the largest float has 309 digits, and a larger integer is no amount of anything."""
PREFIX = "tag:yaml.org,2002:"
TEXT, NULL, BOOL, INT, FLOAT = (f"{PREFIX}{name}" for name in ("str", "null", "bool", "int", "float"))
TAGS = frozenset({NULL, BOOL, INT, FLOAT})
"""What a value can be beside text, lists and mappings."""

_FORMS = {
    NULL: re.compile(r"(?:~|null|Null|NULL)?"),
    BOOL: re.compile(r"true|True|TRUE|false|False|FALSE"),
    INT: re.compile(r"[-+]?(?:[0-9][0-9_]*|0b[01_]*[01]|0o[0-7_]*[0-7]|0x[0-9a-fA-F_]*[0-9a-fA-F])"),
    FLOAT: re.compile(
        r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?"
        r"|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)"
    ),
}
_FIRST = frozenset("~nNtTfF-+.0123456789")


def tag_of(text: str) -> str:
    """The tag of a plain scalar."""
    if text and text[0] not in _FIRST:
        return TEXT
    return next((tag for tag, form in _FORMS.items() if form.fullmatch(text)), TEXT)


def value_of(tag: str, text: str) -> JsonValue:
    """The value of a scalar with one of `TAGS`. Raises ValueError when it has not that form."""
    if len(text) > MAX_CHARACTERS:
        raise ValueError("a number of that many digits")
    # A whole number may be written where a float is meant.
    if not _FORMS[tag].fullmatch(text) and not (tag == FLOAT and _FORMS[INT].fullmatch(text)):
        raise ValueError(text)
    if tag == NULL:
        return None
    if tag == BOOL:
        return text.lower() == "true"
    digits = text.replace("_", "")
    if tag == INT:
        sign, bare = (-1, digits[1:]) if digits[0] == "-" else (1, digits.removeprefix("+"))
        base = {"0b": 2, "0o": 8, "0x": 16}.get(bare[:2])
        return sign * (int(bare, 10) if base is None else int(bare[2:], base))
    lowered = digits.lower()
    return float(lowered.replace(".", "") if lowered.endswith((".inf", ".nan")) else lowered)
