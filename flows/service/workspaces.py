"""Workspaces of a hub, as who runs it sees them: which there are, and what their runs may read."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from flows.accounts import PatternError, UnknownWorkspaceError, Workspace
from flows.accounts import Workspaces as Kept
from flows.people import DEFAULT_WORKSPACE
from flows.settings import Settings
from flows.store import open_store

__all__ = ["DEFAULT_WORKSPACE", "PatternError", "UnknownWorkspaceError", "Workspace", "Workspaces"]


class Workspaces:
    """The workspaces of one hub. No door but the command line changes them: an admin of one could else read another's.

    All methods raise UnavailableError where the database fails.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def list(self) -> tuple[Workspace, ...]:
        """All of them, by name; the default one is always among them."""
        return self._kept.list()

    def get(self, name: str) -> Workspace:
        """One of them. Raises UnknownWorkspaceError."""
        return self._kept.get(name)

    def allow(self, name: str, repositories: Iterable[str]) -> Workspace:
        """Let its runs read what fits these patterns, too; a new one is made. Raises PatternError."""
        return self._kept.allow(name, repositories)

    def forbid(self, name: str, repositories: Iterable[str]) -> Workspace:
        """Take patterns away again. Raises UnknownWorkspaceError, PatternError."""
        return self._kept.forbid(name, repositories)

    @cached_property
    def _kept(self) -> Kept:
        return Kept(open_store(self._settings))
