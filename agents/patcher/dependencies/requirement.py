"""One requirement of Python, as a line or a string holds it (PEP 508): name, extras, constraint, marker."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from agents.patcher.dependencies.constraints import Dialect, Refusal, move
from agents.patcher.edits import Edit
from agents.patcher.schema import DependencyUpdate

_REQUIREMENT = re.compile(
    r"\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*"
    r"(?:(?P<at>@)|(?P<open>\()?\s*(?P<constraint>[^;()@]*?)\s*\)?\s*(?:;.*)?$)",
    re.DOTALL,
)


def name_of(text: str) -> str | None:
    """The canonical name of the dependency that `text` requires, or None when it is no requirement."""
    found = _REQUIREMENT.match(text)
    return canonicalize_name(found["name"]) if found else None


def move_requirement(text: str, update: DependencyUpdate) -> Edit | Refusal:
    """The edit of `text`, which requires the update's dependency."""
    found = _REQUIREMENT.match(text)
    if found is None or found["at"]:
        return Refusal("it comes from an address, not from an index by its version")
    moved = move(found["constraint"], update.version, Dialect.PEP440)
    return moved if isinstance(moved, Refusal) else moved.moved(found.start("constraint"))
