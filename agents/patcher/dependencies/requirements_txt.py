"""pip's requirements files: https://pip.pypa.io/en/stable/reference/requirements-file-format/."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.utils import canonicalize_name

from agents.patcher.dependencies.constraints import Refusal
from agents.patcher.dependencies.interface import Place
from agents.patcher.dependencies.requirement import move_requirement, name_of
from agents.patcher.schema import DependencyUpdate

_CONTINUED = re.compile(r"\\\r?\n")
_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\r\n]*")
_OPTION = re.compile(r"\s--?[A-Za-z]")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")
_ADDRESS = re.compile(r"(?:-e|--editable)\b|[\w+.-]+://|\.{0,2}/")


def places(text: str, update: DependencyUpdate) -> list[Place]:
    """Every line of `text` that requires the update's dependency."""
    wanted = canonicalize_name(update.name)
    text = " " + text[1:] if text.startswith("\ufeff") else text
    return [place for start, line in _logical_lines(text) if (place := _place(start, line, wanted, update))]


def _place(start: int, line: str, wanted: str, update: DependencyUpdate) -> Place | None:
    # Blanks stand for comments and continuations, so that every place in the line is a place in the file.
    plain = _COMMENT.sub(_blank, line)
    if _ADDRESS.match(plain.lstrip()):
        egg = _EGG.search(line)
        if egg is None or canonicalize_name(egg[1]) != wanted:
            return None
        return Place(
            "requirement", start, plain.strip(), reason="it comes from an address, not from an index by its version"
        )
    option = _OPTION.search(plain)
    requirement = plain[: option.start()] if option else plain
    if name_of(requirement) != wanted:
        return None
    shown = requirement.strip()
    begin = start + len(requirement) - len(requirement.lstrip())
    if option and "--hash" in plain:
        reason = "it is pinned by hash; make the file anew with the tool that wrote it (pip-compile, uv pip compile)"
        return Place("requirement", begin, shown, reason=reason)
    moved = move_requirement(requirement, update)
    if isinstance(moved, Refusal):
        return Place("requirement", begin, shown, reason=moved.reason)
    return Place("requirement", begin, shown, moved.moved(start))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Where each line begins and its text, continuations blanked; a comment is never continued."""
    start = position = 0
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end + 1
        line = text[position:end]
        commented = line.lstrip().startswith("#")
        position = end
        if _CONTINUED.search(line) and not commented and position < len(text):
            continue
        yield start, _CONTINUED.sub(_blank, text[start:end])
        start = position
    if start < position:
        yield start, _CONTINUED.sub(_blank, text[start:])


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])
