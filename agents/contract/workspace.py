"""Reading a repository that nobody trusts: links stay unfollowed, odd files become notes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from agents.contract.errors import WorkspaceError
from agents.contract.schema import Note, NoteKind

MAX_TEXT_BYTES = 4 * 1024 * 1024
"""A larger file is data or generated; analysers take minutes over one and say nothing useful."""

VENDORED = frozenset(
    {".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", "node_modules", "bower_components",
     "site-packages", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".eggs", "jspm_packages"}
)  # fmt: skip
"""Folders that hold other people's code or caches; each one found is noted, not scanned."""


class Workspace:
    """A read-only view of a repository's tree with notes about what could not be read.

    Paths given and returned are relative to the root, with forward slashes.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise WorkspaceError(f"the workspace {root} is not a folder; was the repository cloned?")
        self.root = root
        # A dict of details: a set that keeps its order.
        self._notes: dict[tuple[NoteKind, str | None, str], dict[str, None]] = {}
        self._files: tuple[str, ...] | None = None

    @property
    def notes(self) -> tuple[Note, ...]:
        """All notes so far, by file then kind."""
        notes = (Note(kind=kind, file=file, detail="; ".join(details)) for (kind, file, _), details in self._notes.items())
        return tuple(sorted(notes, key=lambda n: (n.file or "", n.kind, n.detail)))

    def note(self, kind: NoteKind, file: str | None = None, detail: str = "") -> None:
        """Record a note, one per kind and file: what is said of a file later is added to the detail."""
        details = self._notes.setdefault((kind, file, "" if file else detail), {})
        if detail:
            details[detail] = None

    def files(self, keep: Callable[[str], bool] | None = None) -> Iterator[str]:
        """Regular files in sorted order, vendored folders and links left out (with a note)."""
        if self._files is None:
            self._files = tuple(self._walk())
        return (name for name in self._files if keep is None or keep(name))

    def find(self, *names: str) -> Iterator[str]:
        """Files whose last path part is one of `names`, compared without case."""
        wanted = {name.lower() for name in names}
        return self.files(lambda file: PurePosixPath(file).name.lower() in wanted)

    def path(self, file: str) -> Path:
        """Where `file` lies on disk. Raises WorkspaceError when it would leave the root."""
        parts = PurePosixPath(file)
        if parts.is_absolute() or ".." in parts.parts or "\0" in file:
            raise WorkspaceError(f"{file!r} leaves the workspace")
        return self.root / parts

    def read_bytes(self, file: str, limit: int = MAX_TEXT_BYTES) -> bytes | None:
        """The content, or None (with a note) when it is a link, behind one, unreadable or too large."""
        path = self.path(file)
        if any((self.root / folder).is_symlink() for folder in PurePosixPath(file).parents[:-1]):
            self.note(NoteKind.UNREADABLE, file, "lies behind a link")
            return None
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            self.note(NoteKind.UNREADABLE, file, error.strerror or "cannot be opened")
            return None
        with open(fd, "rb") as stream:  # noqa: PTH123 — a descriptor: a Path would be looked up again
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                self.note(NoteKind.UNREADABLE, file, "not a regular file")
                return None
            if status.st_size > limit:
                self.note(NoteKind.TOO_LARGE, file, f"{status.st_size} bytes, limit {limit}")
                return None
            return stream.read()

    def read_text(self, file: str, limit: int = MAX_TEXT_BYTES) -> str | None:
        """The text, or None (with a note) when the file is binary, huge or not UTF-8."""
        content = self.read_bytes(file, limit)
        if content is None:
            return None
        if b"\0" in content[:8192]:
            self.note(NoteKind.BINARY, file)
            return None
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.note(NoteKind.NOT_UTF8, file, f"byte {error.start}")
            return None

    def line(self, file: str, number: int) -> str | None:
        """Line `number` (from 1) of `file` for a snippet: undecodable bytes replaced, 400 characters kept."""
        content = self.read_bytes(file, limit=64 * 1024 * 1024)
        if content is None:
            return None
        lines = content.splitlines()
        if not 1 <= number <= len(lines):
            return None
        return lines[number - 1].decode("utf-8", "replace").strip()[:400]

    def _walk(self) -> Iterator[str]:
        found: list[str] = []
        for folder, subfolders, names in os.walk(self.root, onerror=self._unreadable_folder):
            base = Path(folder)
            kept = []
            for name in subfolders:
                relative = (base / name).relative_to(self.root).as_posix()
                if name in VENDORED:
                    if name != ".git":
                        self.note(NoteKind.VENDORED, relative, "other people's code or a cache")
                elif (base / name).is_symlink():
                    self.note(NoteKind.LINK, relative, "links are not followed")
                else:
                    kept.append(name)
            subfolders[:] = sorted(kept)
            for name in names:
                path = base / name
                relative = path.relative_to(self.root).as_posix()
                try:
                    mode = path.lstat().st_mode
                    relative.encode("utf-8")
                except (OSError, UnicodeEncodeError) as error:
                    self.note(NoteKind.UNREADABLE, repr(relative), str(error))
                    continue
                if stat.S_ISLNK(mode):
                    self.note(NoteKind.LINK, relative, "links are not followed")
                elif stat.S_ISREG(mode):
                    found.append(relative)
                else:
                    self.note(NoteKind.UNREADABLE, relative, "not a regular file")
        yield from sorted(found)

    def _unreadable_folder(self, error: OSError) -> None:
        self.note(NoteKind.UNREADABLE, None, f"a folder could not be listed: {error.strerror}")
