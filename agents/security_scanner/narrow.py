"""A copy of only those files that can hold what a rule looks for, so that slow rules read few files."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection
from pathlib import Path

from agents.contract.workspace import Workspace
from agents.security_scanner.rulebook import Sources


def copy_matching(workspace: Workspace, sources: Collection[Sources], target: Path, keep: Callable[[str], bool]) -> int:
    """Copy the files that `keep` accepts and one of `sources` fits to the same place under `target`.

    Returns how many were copied. With a scratch copy the engine walks a folder, however long the list is.
    """
    patterns: defaultdict[str, set[str]] = defaultdict(set)
    for source in sources:
        for suffix in source.suffixes:
            patterns[suffix].add(source.pattern)
    wanted = {suffix: _any_of(some) for suffix, some in patterns.items()}
    copied = 0
    for file in workspace.files(keep):
        pattern = wanted.get(Path(file).suffix.lower())
        content = workspace.read_bytes(file) if pattern else None
        if pattern is None or content is None or not pattern.search(content):
            continue
        place = target / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        copied += 1
    return copied


def _any_of(patterns: Collection[str]) -> re.Pattern[bytes]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in sorted(patterns)).encode(), re.MULTILINE)
