"""People, wherever they are written: one rule for names in accounts, policies, gates and the ledger; doors; tenants."""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

MAX_NAME = 128
DEFAULT_WORKSPACE = "default"
"""The tenant of whoever and whatever names no other."""

_TURNING = {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
"""They show text in another order than it has (Trojan Source, CVE-2021-42574)."""


class Via(StrEnum):
    """The door through which a run was asked for."""

    CLI = "cli"
    API = "api"
    PAGE = "page"
    PREFECT = "prefect"
    SCHEDULE = "schedule"
    EVENT = "event"


def deceives(character: str, allowed: str = "") -> bool:
    """Whether a character could show text as something else than it is; those of `allowed` never do."""
    if character in allowed:
        return False
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _TURNING


def clean(text: str, allowed: str = "") -> str:
    """The text as it is. Raises ValueError where a character of it `deceives`."""
    for character in text:
        if deceives(character, allowed):
            raise ValueError(f"the character U+{ord(character):04X} is not accepted in text that people read")
    return text


def person(name: str) -> str:
    """A person's name as it is kept and compared: without regard to case and to how its characters are composed.

    Raises ValueError for what is no name.
    """
    found = unicodedata.normalize("NFKC", clean(name)).casefold()
    if not found or found != "".join(found.split()) or len(found) > MAX_NAME:
        raise ValueError(f"a person's name has 1 to {MAX_NAME} characters and no blanks")
    return found


def _person_or_nobody(name: str) -> str:
    return person(name) if name else ""


WorkspaceName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
"""A tenant: people, runs, gates, workflows and reports of one are invisible to another."""
Person = Annotated[str, AfterValidator(person)]
"""A person's name, in the form that `person` gives it."""
PersonOrNobody = Annotated[str, AfterValidator(_person_or_nobody)]
"""Likewise, or empty."""
