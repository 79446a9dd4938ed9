"""One engine for each database of a process, however many ask for it; none of its connections goes through a fork."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import URL, Engine

Identity = tuple[int, int, int] | None
"""Which file a SQLite database is, and who may read it; None for another kind of database, or none that is there."""


class _Kept(NamedTuple):
    engine: Engine
    identity: Identity


class Engines:
    """The engines that this process has opened, by URL. `make` opens one. Safe to ask from any thread.

    A child of a fork has the same engines without a connection: each opens its own when it is used there.
    """

    def __init__(self, make: Callable[[URL], Engine]) -> None:
        self._make = make
        self._kept: dict[URL, _Kept] = {}
        self._lock = threading.Lock()
        self._guards_forks = False

    def get(self, url: URL) -> Engine:
        """The engine of that database; opened anew where its file is another by now, or others may read it.

        Raises what `make` does, and keeps nothing then.
        """
        with self._lock:
            kept = self._kept.get(url)
        if kept is not None and _identity(url) == kept.identity:
            return kept.engine
        # Without the lock: a server that does not answer takes its time, and holds up nobody who asks for another.
        made = self._make(url)
        identity = _identity(url)
        with self._lock:
            self._guard_forks()
            first = self._kept.get(url)
            if first is None or first.identity != identity:
                self._kept[url] = _Kept(made, identity)
                return made
        made.dispose()  # another thread was first
        return first.engine

    def _guard_forks(self) -> None:
        if not self._guards_forks:
            os.register_at_fork(after_in_child=self._forked)
            self._guards_forks = True

    def _forked(self) -> None:
        # The connections are the parent's: they are neither used nor closed here. A lock may have been held there.
        self._lock = threading.Lock()
        for kept in self._kept.values():
            kept.engine.dispose(close=False)


def _identity(url: URL) -> Identity:
    if url.get_backend_name() != "sqlite":
        return None
    try:
        found = Path(url.database or "").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mode
