"""Taking an applied patch back: the branch goes while nobody has merged it, else a branch of its own reverts it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from flows.workspace.apply import create_branch
from flows.workspace.git import GitError
from flows.workspace.refusals import BranchInUseError, BranchTakenError, DiffRefusedError
from flows.workspace.target import Scratch, Signature, Target

_DIFF = ("-p", "--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color")


class Undone(StrEnum):
    """How an applied patch was taken back."""

    DELETED = "deleted"
    REVERTED = "reverted"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Rollback:
    """What was done.

    DELETED: `branch` is gone. REVERTED: `commit` on the new `branch` undoes the patch on top of `onto`, and waits to be
    merged. NOTHING: neither the branch nor the commit in any other was there.
    """

    how: Undone
    branch: str
    commit: str | None = None
    onto: str | None = None


def rollback(
    folder: Path,
    *,
    branch: str,
    commit: str,
    revert_branch: str,
    message: str,
    author: Signature,
    home: Path,
    timeout: float,
    committer: Signature | None = None,
) -> Rollback:
    """Undo what `apply` did: `commit` on `branch`. A second call finds the first one's work and does nothing more.

    While no other branch holds the commit, local or fetched, the branch is deleted, if it still points at it. Otherwise
    a commit with `message` that takes the patch back is put on the new `revert_branch`, on top of the branch that is
    checked out if it holds the commit, else of the first by name. Nothing is forced, merged or checked out.

    Raises NotALocalRepositoryError, BranchInUseError (it moved on, or is checked out), BranchTakenError,
    DiffRefusedError when the files have changed since, and PatchError for another refusal of git's.
    """
    target = Target.open(folder, home=home, timeout=timeout)
    ref, revert_ref = target.branch_ref(branch), target.branch_ref(revert_branch)
    holders = _holders(target, branch, commit, revert_ref)
    if not holders:
        return _delete(target, ref, commit, committer or author)
    onto = _onto(target, holders)
    with target.scratch() as scratch:
        made = target.resolve(revert_ref)
        # A revert made before may stand on an older tip: it is known by being what would have been made there.
        parent = target.resolve(f"{made}^") if made else target.resolve(onto)
        if parent is None:
            raise BranchTakenError(f"there is a branch '{revert_branch}' already that reverts nothing; give another name")
        tree = _reverted(scratch, commit, parent, onto)
        reverting = target.commit(scratch, tree, parent, message, author=author, committer=committer or author)
        create_branch(target, revert_ref, reverting, committer or author)
    return Rollback(Undone.REVERTED, revert_branch, reverting, onto.removeprefix("refs/heads/"))


def _holders(target: Target, branch: str, commit: str, revert_ref: str) -> list[str]:
    """The branches that hold `commit`, the one it was put on and its copies on remotes left out."""
    if target.resolve(commit) is None:
        return []
    found = target.run("for-each-ref", "--contains", commit, "--format=%(refname)", "refs/heads", "refs/remotes")
    own = {f"refs/heads/{branch}", revert_ref}
    return [ref for ref in found.split("\n") if ref and ref not in own and not _is_copy(ref, branch)]


def _is_copy(ref: str, branch: str) -> bool:
    return ref.startswith("refs/remotes/") and ref.endswith((f"/{branch}", "/HEAD"))


def _onto(target: Target, holders: list[str]) -> str:
    head = target.full_name("HEAD")
    return head if head in holders and head is not None else holders[0]


def _delete(target: Target, ref: str, commit: str, who: Signature) -> Rollback:
    name = ref.removeprefix("refs/heads/")
    there = target.resolve(ref)
    if there is None:
        return Rollback(Undone.NOTHING, name)
    if there != commit:
        raise BranchInUseError(
            f"the branch '{name}' has moved on from {commit} to {there}; look at it and delete it by hand"
        )
    worktrees = target.run("worktree", "list", "--porcelain").split("\n")
    if f"branch {ref}" in worktrees:
        raise BranchInUseError(f"the branch '{name}' is checked out; check out another one, then roll back again")
    try:
        # Git deletes it only while it points there.
        target.run("update-ref", "-m", "dockyard", "-d", ref, commit, extra=who.variables("COMMITTER"))
    except GitError as error:
        raise BranchInUseError(f"git does not delete the branch '{name}': {error}; look at it by hand") from error
    return Rollback(Undone.DELETED, name, commit)


def _reverted(scratch: Scratch, commit: str, parent: str, onto: str) -> str:
    """The tree of `parent` with the commit's change taken back."""
    patch = scratch.folder / "patch.diff"
    try:
        scratch.run("diff-tree", *_DIFF, f"--output={patch}", f"{commit}^", commit)
        scratch.run("read-tree", f"{parent}^{{tree}}")
        scratch.run("apply", "--cached", "--reverse", "--whitespace=nowarn", patch)
        return scratch.run("write-tree")
    except GitError as error:
        name = onto.removeprefix("refs/heads/")
        raise DiffRefusedError(
            f"{commit} does not come off '{name}' as it is now ({error}); revert it by hand: git revert {commit}"
        ) from error


def rollback_script(
    folder: Path,
    *,
    branch: str,
    commit: str,
    revert_branch: str,
    message: str,
    author: Signature,
    committer: Signature | None = None,
) -> str:
    """A POSIX shell script that does what `rollback` does, where Dockyard is not at hand. Its argument: another folder."""
    who = {**author.variables("AUTHOR"), **(committer or author).variables("COMMITTER")}
    values = {"branch": branch, "commit": commit, "revert": revert_branch, "message": message}
    quoted = "\n".join(f"{name}={shlex.quote(value)}" for name, value in values.items())
    exported = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in who.items())
    return _SCRIPT.format(folder=shlex.quote(str(folder)), values=quoted, who=exported, diff=" ".join(_DIFF))


# Braces are doubled where the shell wants them.
_SCRIPT = """\
#!/bin/sh
# Takes back a change that Dockyard put on a branch. Run it as: sh rollback.sh [FOLDER OF THE REPOSITORY]
set -eu
folder={folder}
folder=${{1:-"$folder"}}
{values}
{who}

git() {{ command git -C "$folder" -c core.hooksPath=/dev/null -c core.fsmonitor=false -c apply.ignoreWhitespace=no "$@"; }}
fail() {{ printf '%s\\n' "$1" >&2; exit 1; }}

git rev-parse --git-dir >/dev/null || fail "$folder is not a git repository"
there=$(git rev-parse --quiet --verify "refs/heads/$branch^{{commit}}") || there=
onto=
if git cat-file -e "$commit^{{commit}}" 2>/dev/null; then
    head=$(git symbolic-ref --quiet HEAD) || head=
    for ref in $(git for-each-ref --contains "$commit" --format='%(refname)' refs/heads refs/remotes); do
        case $ref in
            "refs/heads/$branch" | "refs/heads/$revert" | refs/remotes/*"/$branch" | refs/remotes/*/HEAD) continue ;;
        esac
        if [ -z "$onto" ] || [ "$ref" = "$head" ]; then onto=$ref; fi
    done
fi

if [ -z "$onto" ]; then
    if [ -z "$there" ]; then
        echo "There is nothing to take back: the branch $branch is gone, and no other holds the change."
        exit 0
    fi
    [ "$there" = "$commit" ] || fail "The branch $branch has moved on from $commit to $there; look at it by hand."
    if git worktree list --porcelain | grep -qxF "branch refs/heads/$branch"; then
        fail "The branch $branch is checked out; check out another one first."
    fi
    git update-ref -m dockyard -d "refs/heads/$branch" "$commit"
    echo "The branch $branch is deleted."
    exit 0
fi

if git rev-parse --quiet --verify "refs/heads/$revert^{{commit}}" >/dev/null; then
    fail "There is a branch $revert already; nothing is overwritten."
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
parent=$(git rev-parse --verify "$onto^{{commit}}")
export GIT_INDEX_FILE="$scratch/index"
git read-tree "$parent^{{tree}}"
git diff-tree {diff} --output="$scratch/patch" "$commit^" "$commit"
git apply --cached --reverse --whitespace=nowarn "$scratch/patch" \\
    || fail "$commit does not come off $onto as it is now; revert it by hand: git revert $commit"
tree=$(git write-tree)
made=$(printf '%s' "$message" | git commit-tree "$tree" -p "$parent" -F -)
git update-ref -m dockyard "refs/heads/$revert" "$made" "$(printf '%s' "$made" | tr 0-9a-f 0)"
echo "The branch $revert holds $made, which takes the change back on top of $onto: merge it."
"""
