"""The files that a change touches: what they hold now and what they are to hold. Nothing is written to the workspace."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass

from agents.contract.workspace import Workspace


@dataclass(frozen=True)
class Content:
    """A file's bytes and whether it may be executed, which is all of a mode that git keeps."""

    data: bytes
    executable: bool = False


Tree = Mapping[str, Content]
"""Files by path, relative with forward slashes."""


class Draft:
    """A workspace with changes on top, in memory."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._before: dict[str, Content | None] = {}
        self._after: dict[str, Content] = {}

    def read(self, file: str) -> bytes | None:
        """What `file` holds with the changes so far, or None (with a note) when it cannot be read."""
        if file in self._after:
            return self._after[file].data
        return self.workspace.read_bytes(file)

    def write(self, file: str, data: bytes) -> None:
        """Let `file`, which has been read, hold `data`. It keeps its mode."""
        if file not in self._before:
            old = self.workspace.read_bytes(file)
            executable = bool(self.workspace.path(file).lstat().st_mode & stat.S_IXUSR) if old is not None else False
            self._before[file] = Content(old, executable) if old is not None else None
        self._set(file, data)

    def create(self, file: str, data: bytes) -> None:
        """Let a `file` that is not there hold `data`."""
        self._before.setdefault(file, None)
        self._set(file, data)

    def _set(self, file: str, data: bytes) -> None:
        before = self._before[file]
        self._after[file] = Content(data, before.executable if before else False)

    @property
    def touched(self) -> tuple[str, ...]:
        """The files that would not be the same, sorted."""
        return tuple(sorted(file for file, content in self._after.items() if content != self._before[file]))

    @property
    def before(self) -> Tree:
        """The touched files as they are in the workspace; a new one is not among them."""
        return {file: content for file in self.touched if (content := self._before[file]) is not None}

    @property
    def after(self) -> Tree:
        """The touched files as they are to be."""
        return {file: self._after[file] for file in self.touched}
