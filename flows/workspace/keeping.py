"""A ref of our own for the commit that a waiting run is pinned to: git drops what no ref reaches after two weeks."""

from __future__ import annotations

import logging
from pathlib import Path

from flows.workspace import git

log = logging.getLogger(__name__)


def keep(mirror: Path, run: str, commit: str, *, home: Path, timeout: float) -> None:
    """Keep `commit` in `mirror` for the run; again, nothing. Raises GitError."""
    git.run(["--git-dir", mirror, "update-ref", _ref(run), commit], home=home, timeout=timeout)


def release(mirror: Path, run: str, *, home: Path, timeout: float) -> None:
    """Let go of what was kept for the run, if anything was. That it cannot be is logged: it costs room and nothing else."""
    try:
        git.run(["--git-dir", mirror, "update-ref", "-d", _ref(run)], home=home, timeout=timeout)
    except git.GitError as error:
        log.warning("the mirror %s goes on keeping the commit of run %s: %s", mirror, run, error)


def _ref(run: str) -> str:
    # Not below refs/heads or refs/tags: a fetch prunes those.
    return f"refs/dockyard/runs/{run}"
