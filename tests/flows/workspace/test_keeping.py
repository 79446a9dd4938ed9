"""What a waiting run is pinned to outlives git's own tidying, and goes when the run has ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.workspace import Checkout, check_out
from flows.workspace.git import GitError
from flows.workspace.git import run as run_git
from tests.flows.workspace.conftest import commit, git


def taken(repository: Path, state: Path, **more: str) -> Checkout:
    """The repository's HEAD, as a run takes it."""
    return check_out(str(repository), "HEAD", state_dir=state, timeout=60, **more)


def holds(checkout: Checkout) -> bool:
    """Whether the mirror still has the commit once all that nothing reaches is dropped, as after two weeks."""
    where = ["--git-dir", str(checkout.mirror)]
    run_git([*where, "reflog", "expire", "--expire=now", "--all"], home=checkout.home, timeout=60)
    run_git([*where, "gc", "--quiet", "--prune=now"], home=checkout.home, timeout=60)
    try:
        run_git([*where, "cat-file", "-e", checkout.commit], home=checkout.home, timeout=60)
    except GitError:
        return False
    return True


def force_push(repository: Path) -> None:
    """The branch goes on from somewhere else."""
    git(repository, "checkout", "--quiet", "--orphan", "other")
    (repository / "app.py").write_text("print('rewritten')\n", encoding="utf-8")
    commit(repository, "rewritten")
    git(repository, "branch", "--quiet", "-M", "main")


@pytest.mark.parametrize("plain", [False, True])
def test_a_commit_is_kept_for_a_run_until_it_ends(repository: Path, tmp_path: Path, *, plain: bool) -> None:
    state, folder = tmp_path / "state", repository
    if plain:
        folder = tmp_path / "plain"
        folder.mkdir()
        (folder / "app.py").write_text("print('one')\n", encoding="utf-8")
    began = taken(folder, state, kept_for="run-1")
    taken(folder, state, kept_for="run-2")
    if plain:
        (folder / "app.py").write_text("print('two')\n", encoding="utf-8")
    else:
        force_push(folder)
    assert taken(folder, state).commit != began.commit
    assert holds(began)
    assert taken(folder, state, kept_for="run-1", pinned=began.commit).commit == began.commit
    began.release("run-1")
    assert holds(began)  # the other run waits on
    for _ in range(2):  # a run that ends twice has nothing to let go of
        began.release("run-2")
    assert not holds(began)


def test_a_commit_that_no_run_waits_with_is_dropped_as_before(repository: Path, tmp_path: Path) -> None:
    began = taken(repository, tmp_path / "state")
    force_push(repository)
    taken(repository, tmp_path / "state")
    assert not holds(began)
