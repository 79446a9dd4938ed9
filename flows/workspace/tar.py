"""A commit's tree as a tar, in which no link leads out of the tree."""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Mapping
from pathlib import Path

from flows.workspace.mirror import Mirror

NOWHERE = b"/dev/null/leads-out-of-the-repository"
"""What a link says in the place of a target outside the tree: below a file there is never anything."""
_LINK = b"120000"
_MOST_STEPS = 40
"""As many links in a row as systems follow."""


def write_tar(mirror: Mirror, commit: str, path: Path) -> None:
    """Write the commit's whole tree to `path` as an uncompressed tar. Raises GitError.

    Links that lead out of the tree lead nowhere instead: an engine refuses the whole tar for one, and what an agent
    that follows it would find is none of the repository.
    """
    # The tree, not the commit: a header with the commit's id makes the tar of an empty tree unreadable.
    tree, extra = f"{commit}^{{tree}}", {}
    links = _links(mirror, tree)
    outward = sorted(name for name in links if leads_out(name, links))
    with tempfile.TemporaryDirectory(prefix="dockyard-tar-") as scratch:
        if outward:
            extra = _apart(mirror, Path(scratch))
            tree = _with_dead_ends(mirror, tree, outward, extra)
        mirror.run("archive", "--format=tar", "-o", path, tree, extra=extra)


def leads_out(name: bytes, links: Mapping[bytes, bytes]) -> bool:
    """Whether the link `name` of a tree with these `links` leads out of it: by its text, or by the links on the way."""
    folder, target = posixpath.dirname(name), links[name]
    if target.startswith(b"/") or posixpath.normpath(posixpath.join(folder, target)).split(b"/")[0] == b"..":
        return True
    here, todo, steps = [part for part in folder.split(b"/") if part], target.split(b"/")[::-1], 0
    while todo:
        part = todo.pop()
        if part == b"..":
            if not here:
                return True
            here.pop()
        elif part not in (b"", b"."):
            here.append(part)
            further = links.get(b"/".join(here))
            if further is not None:
                steps += 1
                if steps > _MOST_STEPS:
                    return False  # it leads nowhere
                if further.startswith(b"/"):
                    return True
                here.pop()
                todo += further.split(b"/")[::-1]
    return False


def _links(mirror: Mirror, tree: str) -> dict[bytes, bytes]:
    """The links of the tree and what they say."""
    ids: dict[bytes, bytes] = {}
    rest = b""
    with mirror.reading("ls-tree", "-r", "-z", "--full-tree", tree) as listing:
        while chunk := listing.read(1 << 16):
            *whole, rest = (rest + chunk).split(b"\0")
            for entry in whole:
                head, _, name = entry.partition(b"\t")
                mode, _, object_id = head.split()
                if mode == _LINK:
                    ids[name] = object_id
    wanted = sorted({*ids.values()})
    said = dict(zip(wanted, mirror.contents(wanted), strict=True))
    return {name: said[object_id] for name, object_id in ids.items()}


def _apart(mirror: Mirror, scratch: Path) -> dict[str, str]:
    """Variables that keep new objects out of the mirror, which this process does not hold."""
    (scratch / "objects").mkdir()
    others = str(mirror.path / "objects").replace("\\", "\\\\").replace('"', '\\"')
    return {
        "GIT_INDEX_FILE": str(scratch / "index"),
        "GIT_OBJECT_DIRECTORY": str(scratch / "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{others}"',
    }


def _with_dead_ends(mirror: Mirror, tree: str, names: list[bytes], extra: Mapping[str, str]) -> str:
    # Nothing is written where a name could mean another file than it says.
    odd = ("-c", "core.protectNTFS=false", "-c", "core.protectHFS=false")
    dead_end = mirror.run("hash-object", "-w", "--stdin", extra=extra, stdin=NOWHERE).encode()
    mirror.run(*odd, "read-tree", tree, extra=extra)
    listing = b"".join(b"%s %s\t%s\0" % (_LINK, dead_end, name) for name in names)
    mirror.run(*odd, "update-index", "-z", "--index-info", extra=extra, stdin=listing)
    return mirror.run(*odd, "write-tree", extra=extra)
