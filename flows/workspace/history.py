"""How often files changed: what a repository's history says that its tree does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from flows.workspace.mirror import Mirror

YEAR = 365 * 24 * 60 * 60
"""Seconds before the commit that are looked at."""
PATIENCE = 60.0
"""Seconds after which a history is too long to be read for this."""


def changes(mirror: Mirror, commit: str) -> Mapping[str, int]:
    """By file, the commits that changed it in the year up to `commit`, merges left out.

    Empty where the history is that one commit, which says of each file that it is new. Raises GitError.
    """
    hasty = replace(mirror, timeout=min(mirror.timeout, PATIENCE))
    if int(hasty.run("rev-list", "--count", "--max-count=2", commit)) < 2:
        return {}
    since = int(hasty.run("log", "-1", "--format=%ct", commit)) - YEAR
    shown = ("-z", "--format=", "--name-only", "--no-renames", "--no-merges", f"--max-age={since}")
    return Counter(name for name in hasty.run("log", *shown, commit).split("\0") if name)
