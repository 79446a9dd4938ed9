"""Makes the patch of two trees and tries it on a fresh copy: it must apply, give the wanted bytes, and come off again."""

from __future__ import annotations

import hashlib
import stat
import tempfile
from pathlib import Path

from agents.contract.errors import EngineError
from agents.contract.schema import Patch
from agents.patcher.errors import NotProvenError
from agents.patcher.files import Content, Tree
from agents.patcher.repository import Repository
from agents.patcher.schema import Verification


def prove(before: Tree, after: Tree, base_commit: str) -> tuple[Patch, Verification]:
    """The patch that makes `after` of `before`, which hold the touched files alone, with what was tried.

    Raises NotProvenError when the patch does not do exactly that, both ways.
    """
    files = tuple(sorted(file for file in before.keys() | after.keys() if before.get(file) != after.get(file)))
    with tempfile.TemporaryDirectory(prefix="patch-") as scratch:
        repository = Repository(Path(scratch) / "git")
        for name, tree in (("before", before), ("after", after), ("copy", before)):
            write(Path(scratch) / name, tree)
        old, new = (repository.tree(Path(scratch) / name) for name in ("before", "after"))
        binary = [file for file in files if not (_is_text(before.get(file)) and _is_text(after.get(file)))]
        text = [file for file in files if file not in binary]
        diff = repository.diff(old, new, text) + repository.diff(old, new, binary, binary=True)
        try_out(repository, diff, Path(scratch) / "copy", before, after)
    patch = Patch(diff=diff, base_commit=base_commit, files=files)
    return patch, Verification(applies=True, reverses=True, tree_before=digest(before), tree_after=digest(after))


def try_out(repository: Repository, diff: str, copy: Path, before: Tree, after: Tree) -> None:
    """Apply `diff` in `copy`, which holds `before`, and take it off again. Raises NotProvenError."""
    for reverse, wanted in ((False, after), (True, before)):
        way = "come off again" if reverse else "apply"
        try:
            repository.apply(diff, copy, reverse=reverse)
        except EngineError as error:
            raise NotProvenError(f"the patch does not {way} on a fresh copy, so it is not given out: {error}") from error
        found = read(copy)
        wrong = sorted(file for file in found.keys() | wanted.keys() if found.get(file) != wanted.get(file))
        if wrong:
            names = ", ".join(wrong[:5])
            raise NotProvenError(f"the patch does not {way} to the byte on a fresh copy, so it is not given out: {names}")


def _is_text(content: Content | None) -> bool:
    try:
        return content is None or bool(content.data.decode("utf-8") or True)
    except UnicodeDecodeError:
        return False


def write(folder: Path, tree: Tree) -> None:
    """Write `tree` below `folder`, which is made."""
    folder.mkdir()
    for file, content in tree.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.data)
        path.chmod(0o755 if content.executable else 0o644)


def read(folder: Path) -> Tree:
    """Every file below `folder`."""
    return {
        path.relative_to(folder).as_posix(): Content(path.read_bytes(), bool(path.stat().st_mode & stat.S_IXUSR))
        for path in folder.rglob("*")
        if path.is_file()
    }


def digest(tree: Tree) -> str:
    """sha256 over path, mode as git writes it, length and bytes of each file, by path."""
    whole = hashlib.sha256()
    for file, content in sorted(tree.items()):
        mode = "100755" if content.executable else "100644"
        whole.update(f"{file}\0{mode}\0{len(content.data)}\0".encode() + content.data)
    return whole.hexdigest()
