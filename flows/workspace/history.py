"""How often files changed: what a repository's history says that its tree does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from flows.workspace import git

YEAR = 365 * 24 * 60 * 60
"""Seconds before the commit that are looked at."""
PATIENCE = 60.0
"""Seconds after which a history is too long to be read for this."""


def changes(mirror: Path, commit: str, *, home: Path, timeout: float) -> Mapping[str, int]:
    """By file, the commits that changed it in the year up to `commit`, merges left out.

    Empty where the history is that one commit, which says of each file that it is new. Raises GitError.
    """
    where = [f"--git-dir={mirror}"]
    patience = min(timeout, PATIENCE)
    since = int(git.run([*where, "log", "-1", "--format=%ct", commit], home=home, timeout=patience)) - YEAR
    arguments = ["log", "-z", "--format=", "--name-only", "--no-renames", "--no-merges", f"--max-age={since}", commit]
    number = int(git.run([*where, "rev-list", "--count", "--max-count=2", commit], home=home, timeout=patience))
    if number < 2:
        return {}
    named = git.run([*where, *arguments], home=home, timeout=patience).split("\0")
    return Counter(name for name in named if name)
