"""Mirrors that nobody has used for long are removed, a few at a time, by whichever process comes along."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path

from flows.errors import UnavailableError
from flows.workspace.keeping import KEPT
from flows.workspace.mirror import holding, lock_of

EVERY_SECONDS = 3600.0
"""How often it is looked for mirrors to remove, by all processes together."""
AT_ONCE = 20
"""How many are removed by one call at most: a run is waiting for it."""
_DAY = 86400.0
_GONE = ".removed-"
_STAMP = ".collected"


def collect(mirrors: Path, days: float, *, now: float | None = None) -> tuple[Path, ...]:
    """Remove mirrors below `mirrors` that were last used more than `days` ago, 0: none; those removed.

    Not those that a run waits with, nor those that are in use. `now` is in seconds since 1970, by default the time.
    Nothing happens within an hour of the last time.
    """
    now = time.time() if now is None else now
    if not days or not mirrors.is_dir() or not _is_time(mirrors / _STAMP, now):
        return ()
    for rest in mirrors.glob(f"{_GONE}*"):  # of a process that was killed
        shutil.rmtree(rest, ignore_errors=True)
    removed: list[Path] = []
    for mirror in sorted(path for path in mirrors.iterdir() if path.is_dir() and not path.name.startswith(".")):
        if len(removed) == AT_ONCE:
            break
        if _last_used(mirror) < now - days * _DAY:
            with suppress(UnavailableError), holding(mirror, 0):
                if _last_used(mirror) < now - days * _DAY and not _is_kept(mirror):
                    _remove(mirror)
                    removed.append(mirror)
    return tuple(removed)


def _remove(mirror: Path) -> None:
    # Away at once: who is killed now leaves nothing that looks like a mirror.
    away = mirror.with_name(f"{_GONE}{mirror.name}")
    mirror.rename(away)
    shutil.rmtree(away, ignore_errors=True)
    lock_of(mirror).unlink(missing_ok=True)


def _is_time(stamp: Path, now: float) -> bool:
    try:
        if stamp.stat().st_mtime > now - EVERY_SECONDS:
            return False
    except FileNotFoundError:
        stamp.touch()
        return False  # the first look is an hour after the first mirror
    stamp.touch()
    return True


def _last_used(mirror: Path) -> float:
    """From the lock, which every use touches; a mirror from before that has one, too."""
    try:
        return lock_of(mirror).stat().st_mtime
    except FileNotFoundError:
        return mirror.stat().st_mtime


def _is_kept(mirror: Path) -> bool:
    """Whether a run waits with a commit of it. Asked of the files: git may be killed or missing while this decides."""
    if any(path.is_file() for path in (mirror / KEPT).rglob("*")):
        return True
    try:
        return f" {KEPT}" in (mirror / "packed-refs").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return False
