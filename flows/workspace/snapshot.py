"""A plain folder as one commit whose id depends on nothing but the content."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flows.workspace.limits import Limits, Tally
from flows.workspace.mirror import Mirror

_STAMP = "2000-01-01T00:00:00Z"
_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "dockyard"), ("EMAIL", "dockyard@localhost"), ("DATE", _STAMP))
}


@dataclass(frozen=True)
class _Entry:
    """A file or link to record: `name` as git writes it, `source` the file that holds its content."""

    name: bytes
    mode: bytes
    source: bytes


def snapshot(mirror: Mirror, folder: Path, limits: Limits) -> str:
    """Record every file and link below `folder` in `mirror` and return the commit's id.

    Raises GitError, and TooLargeError before anything of the folder is read.

    `git add` would leave out what an ignore file names and everything inside a repository of its own;
    here only `.git` itself, pipes, sockets, devices and what may not be read stay out.
    """
    with tempfile.TemporaryDirectory(prefix="snapshot-", dir=mirror.path) as scratch:
        extra = {"GIT_INDEX_FILE": str(Path(scratch) / "index"), **_IDENTITY}
        # Names that other systems take for `.git` are ordinary names here.
        where = ("-c", "core.protectNTFS=false", "-c", "core.protectHFS=false")

        def call(*arguments: str, stdin: bytes = b"") -> str:
            return mirror.run(*where, *arguments, extra=extra, stdin=stdin)

        entries = list(_entries(folder, Path(scratch), Tally(limits)))
        paths = b"".join(_quoted(entry.source) + b"\n" for entry in entries)
        ids = call("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=paths).split()
        listing = b"".join(
            b"%s %s\t%s\0" % (entry.mode, object_id.encode(), entry.name)
            for entry, object_id in zip(entries, ids, strict=True)
        )
        call("read-tree", "--empty")
        call("update-index", "-z", "--index-info", stdin=listing)
        commit = call("commit-tree", "-m", "snapshot", call("write-tree"))
        call("update-ref", "refs/dockyard/HEAD", commit)
    return commit


def _entries(folder: Path, scratch: Path, tally: Tally) -> Iterator[_Entry]:
    links = 0
    for base, subfolders, names in os.walk(folder):
        subfolders[:] = sorted(name for name in subfolders if name.lower() != ".git")
        for name in sorted([*names, *subfolders]):
            path = Path(base) / name
            status = path.lstat()
            mode = status.st_mode
            relative = os.fsencode(path.relative_to(folder))
            if name.lower() == ".git":
                continue
            tally.add(relative, status.st_size if stat.S_ISREG(mode) else 0)
            if stat.S_ISLNK(mode):
                # A link's content is where it points, which no file holds: one is written.
                links += 1
                target = scratch / f"link-{links}"
                target.write_bytes(os.readlink(os.fsencode(path)))  # noqa: PTH115 — a Path would tidy the text
                yield _Entry(relative, b"120000", os.fsencode(target))
            elif stat.S_ISREG(mode) and os.access(path, os.R_OK):
                kind = b"100755" if mode & stat.S_IXUSR else b"100644"
                yield _Entry(relative, kind, os.fsencode(path))


def _quoted(path: bytes) -> bytes:
    """A path on a line of its own, quoted where git would otherwise read it as something else."""
    if b"\n" not in path and not path.startswith(b'"'):
        return path
    for plain, written in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n")):
        path = path.replace(plain, written)
    return b'"' + path + b'"'
