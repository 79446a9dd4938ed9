"""Text that people write and others read before they decide: kept to the letter, bounded, deceiving no eye."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from flows.people import Person, PersonOrNobody, clean, deceives, person

__all__ = ["MAX_LINE", "MAX_TEXT", "Line", "Person", "PersonOrNobody", "Text", "person", "readable"]

MAX_TEXT = 4000
MAX_LINE = 500


def readable(text: str) -> str:
    """What a program says, such as an error's text, made to fit `Text`: a reason must be kept, whatever is in it."""
    found = "".join("\ufffd" if deceives(character, "\n\t") else character for character in text)
    return found if len(found) <= MAX_TEXT else f"{found[: MAX_TEXT - 1]}…"


def _lines(text: str) -> str:
    return clean(text, "\n\t")


Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_lines)]
"""Several lines."""
Line = Annotated[str, Field(max_length=MAX_LINE), AfterValidator(clean)]
"""One line."""
