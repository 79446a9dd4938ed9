"""An approved patch as one commit on a new branch: exactly once, and nothing else of the repository is touched."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from flows.people import deceives
from flows.workspace.git import GitError
from flows.workspace.limits import MAX_NAME_BYTES
from flows.workspace.refusals import BaseMovedError, BranchTakenError, DiffRefusedError, PatchError
from flows.workspace.target import Scratch, Signature, Target

_INDEX_LINE = re.compile(rb"^index ([0-9a-f]{40}|[0-9a-f]{64})\.\.([0-9a-f]{40}|[0-9a-f]{64})(?: [0-7]{6})?$", re.MULTILINE)
_HEADER = b"diff --git "
_LINK, _SUBMODULE = "120000", "160000"
_NOT_UTF_8 = "\ufffd"
"""What git's output has in the place of bytes that are no text."""
_GITS_OWN = frozenset({".git", ".gitmodules"})


def apply(
    folder: Path,
    *,
    base_commit: str,
    expected_ref: str,
    diff: str,
    branch: str,
    message: str,
    author: Signature,
    home: Path,
    timeout: float,
    committer: Signature | None = None,
) -> str:
    """Make `diff` one commit on top of `base_commit`, on the new `branch` of the repository `folder`; its id.

    The same arguments give the same commit: a second call, after a crash too, finds it and returns it. `expected_ref`
    (what the run was started from) must still name `base_commit`. `message` is taken as it is, with its trailers.
    `home` is the folder of git's configuration of ours, `timeout` seconds for each call of git.

    The work tree, the index and the branch that is checked out are not touched, no hook and no filter runs, and no ref is
    ever overwritten. Raises NotALocalRepositoryError, BaseMovedError, DirtyFolderError, DiffRefusedError,
    BranchTakenError, PatchError for another refusal of git's, and UnavailableError when git is missing.
    """
    target = Target.open(folder, home=home, timeout=timeout)
    ref = target.branch_ref(branch)
    with target.scratch() as scratch:
        if target.resolve(ref) is None:
            check_base(target, expected_ref, base_commit)
            target.check_clean(scratch)
        tree = _tree(scratch, base_commit, diff.encode("utf-8"))
        try:
            commit = target.commit(scratch, tree, base_commit, message, author=author, committer=committer or author)
        except GitError as error:
            raise PatchError(f"git does not make the commit: {error}") from error
        create_branch(target, ref, commit, committer or author, (expected_ref, base_commit))
    return commit


def applied(folder: Path, branch: str, *, home: Path, timeout: float) -> str | None:
    """The commit that `branch` points at, None when there is no such branch. Raises NotALocalRepositoryError."""
    target = Target.open(folder, home=home, timeout=timeout)
    return target.resolve(target.branch_ref(branch))


def check_base(target: Target, expected_ref: str, base_commit: str) -> None:
    """Raises BaseMovedError when `expected_ref` does not name `base_commit`."""
    now = target.resolve(expected_ref)
    if now != base_commit:
        raise BaseMovedError(
            f"the patch was made for {base_commit}, and '{expected_ref}' "
            f"{'is now ' + now if now else 'is gone'}; start a new run to get a patch for what is there"
        )


def create_branch(target: Target, ref: str, commit: str, who: Signature, base: tuple[str, str] | None = None) -> None:
    """Let the new branch `ref` point at `commit`; nothing happens when it does already.

    With `base`, a ref and its commit, both are decided in one transaction: the branch is made only while the ref is
    what was expected. Raises BranchTakenError, BaseMovedError or PatchError.
    """
    there = target.resolve(ref)
    if there is None:
        held = target.full_name(base[0]) if base else None
        verify = f"verify {held} {base[1]}\n" if base and held else ""
        try:
            transaction = f"{verify}create {ref} {commit}\n".encode()
            target.run("update-ref", "-m", "dockyard", "--stdin", extra=who.variables("COMMITTER"), stdin=transaction)
        except GitError as error:
            there = target.resolve(ref)
            if there is None and base:
                check_base(target, *base)
            if there is None:
                raise PatchError(f"git does not make the branch {ref}: {error}; give another name") from error
        else:
            return
    if there != commit:
        name = ref.removeprefix("refs/heads/")
        raise BranchTakenError(
            f"there is a branch '{name}' already, at {there}, which is not this change ({commit}); "
            "nothing is overwritten: delete or rename it, or give another name"
        )


def _tree(scratch: Scratch, base_commit: str, diff: bytes) -> str:
    """The tree of the base with the diff applied, known to differ in just what the diff says."""
    if not diff.startswith(_HEADER):
        raise DiffRefusedError("the diff is not one that `git diff` wrote: it does not begin with `diff --git`")
    patch = scratch.folder / "patch.diff"
    patch.write_bytes(diff)
    try:
        scratch.run("read-tree", f"{base_commit}^{{tree}}")
        # In the index alone, and all or nothing.
        scratch.run("apply", "--cached", "--whitespace=nowarn", "--no-ignore-whitespace", patch)
        tree = scratch.run("write-tree")
        listed = scratch.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", base_commit, tree)
    except GitError as error:
        raise DiffRefusedError(f"the diff does not apply to {base_commit}: {error}; start a new run") from error
    _check(listed, diff)
    return tree


def _is_odd(path: str) -> bool:
    """Whether a path holds what a screen does not show as it is, is not UTF-8, or is a path of another kind elsewhere."""
    hidden = any(deceives(sign) or unicodedata.category(sign) == "Cf" for sign in path)
    long = any(len(part.encode()) > MAX_NAME_BYTES for part in path.split("/"))
    return hidden or long or "\\" in path or _NOT_UTF_8 in path


def _check(listed: str, diff: bytes) -> None:
    """Raises DiffRefusedError for what no patch may touch, and where other contents change than the diff says."""
    changed = []
    fields = listed.split("\0")
    for head, path in zip(fields[::2], fields[1::2], strict=False):
        old_mode, new_mode, old, new, _ = head.removeprefix(":").split(" ")
        parts = path.split("/")
        if {old_mode, new_mode} & {_LINK, _SUBMODULE}:
            kind = "link" if _LINK in {old_mode, new_mode} else "submodule"
            raise DiffRefusedError(f"the diff touches the {kind} {path!r}; a patch changes files, nothing else")
        if any(part.lower() in _GITS_OWN for part in parts) or ".." in parts or path.startswith("/"):
            raise DiffRefusedError(f"the diff touches {path!r}, which is git's own or outside; no patch may do that")
        if _is_odd(path):
            raise DiffRefusedError(f"the diff touches {path!r}, a name that reads as another elsewhere; rename it")
        if old != new:
            changed.append((old, new))
    if not listed:
        raise DiffRefusedError("the diff changes nothing")
    said = [(old.decode(), new.decode()) for old, new in _INDEX_LINE.findall(diff)]
    if sorted(said) != sorted(changed):
        raise DiffRefusedError(
            "what the diff does is not what its `index` lines say; "
            "make it with `git diff --binary --full-index --no-renames`"
        )
