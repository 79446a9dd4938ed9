"""What was applied can be taken back, by Dockyard or by a script beside the run."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.workspace.apply import apply
from flows.workspace.refusals import BranchInUseError, BranchTakenError, DiffRefusedError
from flows.workspace.rollback import Rollback, Undone, rollback, rollback_script
from flows.workspace.target import Signature
from tests.flows.workspace.conftest import commit, git
from tests.flows.workspace.test_apply import diff_of
from tests.flows.workspace.test_hostile_repository import Evil, arm

WHO = Signature("Dock 'yard", "dockyard@example.org", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
BRANCH, REVERT = "dockyard/fix-1", "dockyard/rollback/fix-1"
MESSAGE = 'Take it back; $(touch marker) `touch marker` "it\'s"\n\nDockyard-Run: r1\n'


@pytest.fixture
def made(repository: Path, tmp_path: Path) -> str:
    """A commit that `apply` put on `BRANCH`: it changes, makes and deletes files of odd bytes."""
    (repository / "old.latin").write_bytes(b"caf\xe9\r\n")
    base = commit(repository, "before")

    def change() -> None:
        (repository / "app.py").write_bytes(b"print('two')")
        (repository / "new").write_bytes(bytes(range(256)))
        (repository / "new").chmod(0o755)
        (repository / "old.latin").unlink()

    diff = diff_of(repository, change)
    given: dict[str, Any] = {"base_commit": base, "expected_ref": "main", "diff": diff, "branch": BRANCH, "message": "Fix"}
    return apply(repository, **given, author=WHO, home=tmp_path / "home", timeout=60)


@pytest.fixture
def back(repository: Path, tmp_path: Path, made: str) -> Callable[[], Rollback]:
    """`rollback` of the commit."""

    def call() -> Rollback:
        given: dict[str, Any] = {
            "branch": BRANCH,
            "commit": made,
            "revert_branch": REVERT,
            "message": MESSAGE,
            "author": WHO,
        }
        return rollback(repository, **given, home=tmp_path / "home", timeout=60)

    return call


@pytest.fixture
def script(repository: Path, tmp_path: Path, made: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the script with sh."""

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        text = rollback_script(repository, branch=BRANCH, commit=made, revert_branch=REVERT, message=MESSAGE, author=WHO)
        (tmp_path / "rollback.sh").write_text(text, encoding="utf-8")
        command = ["sh", str(tmp_path / "rollback.sh"), *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return call


def branches(folder: Path) -> list[str]:
    return git(folder, "for-each-ref", "--format=%(refname:short)", "refs/heads").split("\n")


def merge(folder: Path, branch: str = BRANCH) -> None:
    git(folder, "merge", "--quiet", "--no-ff", "-m", "merged", branch)


def test_an_unmerged_branch_is_deleted(repository: Path, made: str, back: Callable[[], Rollback]) -> None:
    assert back() == Rollback(Undone.DELETED, BRANCH, made)
    assert branches(repository) == ["main"]
    assert back() == Rollback(Undone.NOTHING, BRANCH)


def test_a_merged_patch_is_reverted_on_a_branch_of_its_own(repository: Path, back: Callable[[], Rollback]) -> None:
    before = git(repository, "rev-parse", "main^{tree}")
    merge(repository)
    tip = git(repository, "rev-parse", "main")
    done = back()
    assert (done.how, done.branch, done.onto) == (Undone.REVERTED, REVERT, "main")
    assert git(repository, "rev-parse", f"{REVERT}^") == tip == git(repository, "rev-parse", "main")
    # Every byte and mode is as before, although nothing was checked out.
    assert git(repository, "rev-parse", f"{REVERT}^{{tree}}") == before
    assert git(repository, "log", "-1", "--format=%B", REVERT) == MESSAGE.strip()
    assert git(repository, "status", "--porcelain") == ""
    assert back() == done
    commit(repository, "main goes on")
    assert back() == done


def test_a_merge_elsewhere_counts_and_the_first_branch_is_taken(repository: Path, back: Callable[[], Rollback]) -> None:
    git(repository, "branch", "zeta")
    git(repository, "checkout", "--quiet", "zeta")
    merge(repository)
    git(repository, "branch", "alpha")
    git(repository, "checkout", "--quiet", "main")
    assert back().onto == "alpha"


def test_a_merge_that_was_only_fetched_counts(
    repository: Path, made: str, back: Callable[[], Rollback], tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", str(repository), "upstream")
    git(repository, "remote", "add", "origin", str(tmp_path / "upstream"))
    git(tmp_path / "upstream", "branch", BRANCH, made)
    git(repository, "fetch", "--quiet", "origin")
    assert back().how is Undone.DELETED  # a pushed copy of the branch is no merge
    git(repository, "branch", BRANCH, made)
    merge(tmp_path / "upstream", made)
    git(repository, "fetch", "--quiet", "origin")
    done = back()
    assert (done.how, done.onto) == (Undone.REVERTED, "refs/remotes/origin/main")


def test_a_branch_that_moved_on_is_left_alone(repository: Path, back: Callable[[], Rollback]) -> None:
    git(repository, "checkout", "--quiet", BRANCH)
    commit(repository, "somebody's work")
    git(repository, "checkout", "--quiet", "main")
    with pytest.raises(BranchInUseError, match="moved on"):
        back()
    assert BRANCH in branches(repository)


def test_a_branch_that_is_checked_out_is_left_alone(repository: Path, back: Callable[[], Rollback], tmp_path: Path) -> None:
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "linked"), BRANCH)
    with pytest.raises(BranchInUseError, match="is checked out"):
        back()
    assert BRANCH in branches(repository)


def test_a_patch_that_was_built_upon_does_not_come_off(repository: Path, made: str, back: Callable[[], Rollback]) -> None:
    merge(repository)
    (repository / "app.py").write_text("print('three')\n")
    commit(repository)
    with pytest.raises(DiffRefusedError, match=f"git revert {made}"):
        back()
    assert REVERT not in branches(repository)


def test_a_revert_branch_that_holds_something_else_is_never_overwritten(
    repository: Path, back: Callable[[], Rollback]
) -> None:
    merge(repository)
    taken = commit(repository, "other")
    git(repository, "branch", REVERT)
    with pytest.raises(BranchTakenError):
        back()
    assert git(repository, "rev-parse", REVERT) == taken


def test_no_hook_runs(repository: Path, back: Callable[[], Rollback], tmp_path: Path) -> None:
    evil = Evil(tmp_path)
    arm(repository, evil)
    evil.forget()
    assert back().how is Undone.DELETED
    assert not evil.ran


def test_the_script_deletes_an_unmerged_branch(
    repository: Path, script: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    evil = Evil(tmp_path)
    arm(repository, evil)
    evil.forget()
    done = script()
    assert (done.returncode, done.stderr) == (0, "")
    assert branches(repository) == ["main"]
    again = script()
    assert (again.returncode, "nothing to take back" in again.stdout) == (0, True)
    assert not evil.ran
    assert not (tmp_path / "marker").exists()


def test_the_script_makes_the_very_commit_that_dockyard_makes(
    repository: Path, script: Callable[..., subprocess.CompletedProcess[str]], back: Callable[[], Rollback]
) -> None:
    merge(repository)
    done = script(str(repository))
    assert (done.returncode, done.stderr) == (0, "")
    assert not (repository / "marker").exists()
    assert git(repository, "status", "--porcelain") == ""
    assert back().commit == git(repository, "rev-parse", REVERT)
    again = script()
    assert (again.returncode, "nothing is overwritten" in again.stderr) == (1, True)


@pytest.mark.parametrize("how", ["moved", "checked out", "built upon", "no repository"])
def test_the_script_refuses_what_dockyard_refuses(
    repository: Path, made: str, script: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, how: str
) -> None:
    arguments: list[str] = []
    if how == "moved":
        git(repository, "checkout", "--quiet", BRANCH)
        commit(repository, "somebody's work")
        git(repository, "checkout", "--quiet", "main")
    elif how == "checked out":
        git(repository, "checkout", "--quiet", BRANCH)
    elif how == "built upon":
        merge(repository)
        (repository / "app.py").write_text("print('three')\n")
        commit(repository)
    else:
        (tmp_path / "empty").mkdir()
        arguments = [str(tmp_path / "empty")]
    before = branches(repository)
    done = script(*arguments)
    assert done.returncode == 1
    assert done.stderr
    assert branches(repository) == before
