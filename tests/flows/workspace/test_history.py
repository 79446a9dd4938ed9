"""How often files changed, from real histories."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.workspace import Checkout, check_out
from tests.flows.workspace.conftest import git


def commit(repository: Path, files: dict[str, str], date: str = "2026-06-01T12:00:00Z") -> None:
    for name, text in files.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text, encoding="utf-8")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "change", "--date", date, committed=date)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    made = tmp_path / "repository"
    made.mkdir()
    git(made, "init", "--quiet", "--initial-branch", "main")
    return made


def checked_out(repository: Path, tmp_path: Path, ref: str = "HEAD") -> Checkout:
    return check_out(str(repository), ref, state_dir=tmp_path / "state", timeout=60)


def test_commits_are_counted_by_file(repository: Path, tmp_path: Path) -> None:
    commit(repository, {"a.py": "1", "b c/ü.py": "1"})
    commit(repository, {"a.py": "2"})
    commit(repository, {"a.py": "3", "b c/ü.py": "2"})
    assert checked_out(repository, tmp_path).changes() == {"a.py": 3, "b c/ü.py": 2}
    assert checked_out(repository, tmp_path, "HEAD~1").changes() == {"a.py": 2, "b c/ü.py": 1}


def test_only_the_year_before_the_commit_counts(repository: Path, tmp_path: Path) -> None:
    commit(repository, {"old.py": "1", "a.py": "1"}, "2020-01-01T00:00:00Z")
    commit(repository, {"a.py": "2"}, "2021-06-01T00:00:00Z")
    commit(repository, {"a.py": "3"}, "2022-05-01T00:00:00Z")
    assert checked_out(repository, tmp_path).changes() == {"a.py": 2}


def test_a_merge_changes_nothing_by_itself(repository: Path, tmp_path: Path) -> None:
    commit(repository, {"a.py": "1"})
    git(repository, "checkout", "--quiet", "-b", "side")
    commit(repository, {"b.py": "1"})
    git(repository, "checkout", "--quiet", "main")
    commit(repository, {"a.py": "2"})
    git(repository, "merge", "--quiet", "--no-edit", "side")
    assert checked_out(repository, tmp_path).changes() == {"a.py": 2, "b.py": 1}


def test_one_commit_alone_says_nothing(repository: Path, tmp_path: Path) -> None:
    commit(repository, {"a.py": "1"})
    assert checked_out(repository, tmp_path).changes() == {}
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "a.py").write_text("1", encoding="utf-8")
    assert checked_out(plain, tmp_path).changes() == {}
