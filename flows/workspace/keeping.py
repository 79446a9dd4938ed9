"""A ref of our own for the commit that a waiting run is pinned to: git drops what no ref reaches after two weeks."""

from __future__ import annotations

import logging
from pathlib import Path

from flows.errors import DockyardError
from flows.workspace.mirror import Mirror, holding

log = logging.getLogger(__name__)
KEPT = "refs/dockyard/runs/"
"""Where these refs are. Not below refs/heads or refs/tags: a fetch prunes those."""


def keep(mirror: Mirror, run: str, commit: str) -> None:
    """Keep `commit` in `mirror` for the run; again, nothing. Raises GitError."""
    mirror.run("update-ref", f"{KEPT}{run}", commit)


def release(path: Path, run: str, *, home: Path, timeout: float) -> None:
    """Let go of what was kept for the run, if anything was. That it cannot be is logged: it costs room and nothing else."""
    try:
        with holding(path, timeout) as lock:
            if path.is_dir():  # it was kept for nobody, and nobody has used it for long
                Mirror(path, home, timeout, (lock,)).run("update-ref", "-d", f"{KEPT}{run}")
    except DockyardError as error:
        log.warning("the mirror %s goes on keeping the commit of run %s: %s", path, run, error)
