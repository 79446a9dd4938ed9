"""How large a repository may be. What is larger is refused before anything of it is unpacked, here or in a container."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from flows.errors import InvalidInputError
from flows.settings import Settings

MIB = 1024 * 1024
MAX_NAME_BYTES = 255
"""Of one part of a path: what file systems of this day take."""
MAX_LINK_BYTES = 4095
"""Of what a link says: what systems of this day take."""
_LINK = b"120000"
_CHUNK = 64 * 1024
_LONGEST_ENTRY = 1024 * 1024


class TooLargeError(InvalidInputError):
    """The repository exceeds a limit; the text names it and the setting."""


class HostileTreeError(InvalidInputError):
    """The tree holds a path that no file system can hold without harm."""


@dataclass(frozen=True)
class Limits:
    """`files` counts files, links, folders and submodules. Sizes are in bytes; `mirror`'s is that on disk, history and all.

    `depth` is the number of a path's parts, `path` its length in bytes.
    """

    files: int = 200_000
    file: int = 256 * MIB
    total: int = 2048 * MIB
    depth: int = 64
    path: int = 1024
    mirror: int = 8192 * MIB

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """What the settings say."""
        return cls(
            files=settings.max_files,
            file=settings.max_file_mb * MIB,
            total=settings.max_tree_mb * MIB,
            depth=settings.max_path_depth,
            path=settings.max_path_bytes,
            mirror=settings.max_mirror_mb * MIB,
        )


@dataclass
class Tally:
    """Counts a tree while it is listed."""

    limits: Limits
    files: int = field(default=0, init=False)
    total: int = field(default=0, init=False)

    def add(self, path: bytes, size: int) -> None:
        """Count one more; of all but files the size is 0. Raises TooLargeError, HostileTreeError."""
        limits = self.limits
        self.files += 1
        self.total += size
        parts = path.split(b"/")
        if self.files > limits.files:
            raise TooLargeError(f"it has more than {limits.files} files and folders (DOCKYARD_MAX_FILES)")
        if len(path) > limits.path or len(parts) > limits.depth:
            over = (
                f"more than {limits.path} bytes (DOCKYARD_MAX_PATH_BYTES)"
                if len(path) > limits.path
                else f"more than {limits.depth} parts (DOCKYARD_MAX_PATH_DEPTH)"
            )
            raise TooLargeError(f"the path {_shown(path)} has {over}")
        if any(len(part) > MAX_NAME_BYTES for part in parts):
            raise TooLargeError(f"the path {_shown(path)} has a name of more than {MAX_NAME_BYTES} bytes: no file has one")
        if any(part.lower() in (b"", b".", b"..", b".git") for part in parts) or b"\0" in path:
            raise HostileTreeError(f"it holds the path {_shown(path)}, which is git's own or leads out of it")
        if size > limits.file:
            raise TooLargeError(f"{_shown(path)} has more than {limits.file // MIB} MiB (DOCKYARD_MAX_FILE_MB)")
        if self.total > limits.total:
            raise TooLargeError(f"its files have more than {limits.total // MIB} MiB together (DOCKYARD_MAX_TREE_MB)")


def check_listing(listing: IO[bytes], limits: Limits) -> None:
    """Read what `git ls-tree -r -t -l -z` writes, as far as the limits reach. Raises TooLargeError, HostileTreeError."""
    tally = Tally(limits)
    for entry in _entries(listing):
        head, _, path = entry.partition(b"\t")
        mode, *_, size = head.split()
        count = int(size) if size.isdigit() else 0
        tally.add(path, count)
        if mode == _LINK and count > MAX_LINK_BYTES:
            raise TooLargeError(f"the link {_shown(path)} has more than {MAX_LINK_BYTES} bytes: no link has")


def _entries(listing: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := listing.read(_CHUNK):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole
        if len(rest) > _LONGEST_ENTRY:
            raise TooLargeError(f"it holds a path of more than {_LONGEST_ENTRY} bytes: no file has one")


def _shown(path: bytes) -> str:
    text = path.decode("utf-8", "backslashreplace")
    return repr(text if len(text) <= 80 else f"{text[:40]}…{text[-39:]}")
