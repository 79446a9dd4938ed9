"""Text that people write and others read before they decide: kept to the letter, bounded, deceiving no eye."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

MAX_TEXT = 4000
MAX_LINE = 500

_TURNING = {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
"""They show text in another order than it has (Trojan Source, CVE-2021-42574)."""


def readable(text: str) -> str:
    """What a program says, such as an error's text, made to fit `Text`: a reason must be kept, whatever is in it."""
    found = "".join("\ufffd" if _deceives(character, "\n\t") else character for character in text)
    return found if len(found) <= MAX_TEXT else f"{found[: MAX_TEXT - 1]}…"


def _deceives(character: str, allowed: str) -> bool:
    if character in allowed:
        return False
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _TURNING


def _clean(text: str, allowed: str = "") -> str:
    for character in text:
        if _deceives(character, allowed):
            raise ValueError(f"the character U+{ord(character):04X} is not accepted in text that people read")
    return text


def _lines(text: str) -> str:
    return _clean(text, "\n\t")


def person(name: str) -> str:
    """A person's name as it is kept and compared: without regard to case and to how its characters are composed.

    Raises ValueError for what is no name.
    """
    found = unicodedata.normalize("NFKC", _clean(name)).casefold()
    if not found or found != "".join(found.split()) or len(found) > 128:
        raise ValueError("a person's name has 1 to 128 characters and no blanks")
    return found


def _person_or_nobody(name: str) -> str:
    return person(name) if name else ""


Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_lines)]
"""Several lines."""
Line = Annotated[str, Field(max_length=MAX_LINE), AfterValidator(_clean)]
"""One line."""
Person = Annotated[str, AfterValidator(person)]
"""A person's name, in the form that `person` gives it."""
PersonOrNobody = Annotated[str, AfterValidator(_person_or_nobody)]
"""Likewise, or empty."""
