"""npm's package.json: the four tables of dependencies."""

from __future__ import annotations

import re

from agents.patcher.configuration.json_spans import JsonError, Node, parse
from agents.patcher.dependencies.constraints import Dialect, Refusal, move
from agents.patcher.dependencies.interface import Place, UnreadableManifestError
from agents.patcher.schema import DependencyUpdate

TABLES = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
PINS = ("overrides", "resolutions")

_ALIAS = re.compile(r"npm:(?P<name>(?:@[^/@]+/)?[^@/]+)(?:@(?P<range>.*))?")
_ELSEWHERE = re.compile(r"[a-z+]+:|[\w.-]+/[\w.-]+|\.{0,2}/|~/", re.IGNORECASE)


def places(text: str, update: DependencyUpdate) -> list[Place]:
    """Every entry of `text` that names the update's dependency. Raises UnreadableManifestError."""
    try:
        root = parse(text)
    except JsonError as error:
        raise UnreadableManifestError(str(error)) from error
    found = []
    for table in TABLES:
        for member in root.member(table):
            for entry in member.value.members:
                place = _place(text, f"{table}.{entry.key}", entry.key, entry.value, update)
                if place:
                    found.append(place)
    for table in PINS:
        for member in root.member(table):
            found += [
                Place(f"{table}.{entry.key}", entry.value.start, text[entry.value.start : entry.value.end],
                      reason="it pins the dependency for the whole tree; look at it by hand")
                for entry in member.value.members
                if entry.key == update.name or entry.key.endswith(f"/{update.name}")
            ]  # fmt: skip
    return found


def _place(text: str, what: str, key: str, value: Node, update: DependencyUpdate) -> Place | None:
    constraint = value.data if isinstance(value.data, str) else None
    alias = _ALIAS.fullmatch(constraint or "")
    if (alias["name"] if alias else key) != update.name:
        return None
    shown = constraint if constraint is not None else text[value.start : value.end]
    if constraint is None or text[value.start + 1 : value.end - 1] != constraint:
        return Place(what, value.start, shown, reason="it is not a plain string; change it by hand")
    begin = value.start + 1
    offset = begin
    if alias:
        offset += alias.start("range") if alias["range"] is not None else 0
        constraint = alias["range"] or ""
    elif _ELSEWHERE.match(constraint):
        return Place(what, value.start, shown, reason="it does not come from the registry by its version")
    moved = move(constraint, update.version, Dialect.NPM)
    if isinstance(moved, Refusal):
        return Place(what, begin, shown, reason=moved.reason)
    return Place(what, begin, shown, moved.moved(offset))
