"""Order of npm's versions, after https://semver.org/#spec-item-11; missing parts count as 0."""

from __future__ import annotations

import re

VERSION = re.compile(r"(\d+)(?:\.(\d+)(?:\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?)?)?")

Identifier = tuple[int, int, str]
Order = tuple[int, int, int, int, tuple[Identifier, ...]]
"""Major, minor, patch, 0 for a pre-release and 1 for a release, the pre-release's identifiers."""


def order(version: str) -> Order | None:
    """A key that sorts versions, or None when `version` is none."""
    found = VERSION.fullmatch(version)
    if found is None:
        return None
    major, minor, patch, before = found.groups()
    identifiers = tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in (before.split(".") if before else ())
    )
    return int(major), int(minor or 0), int(patch or 0), 0 if before else 1, identifiers
