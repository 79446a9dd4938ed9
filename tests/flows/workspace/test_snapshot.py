"""A folder that is no repository is taken as it stands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows.errors import InvalidInputError
from tests.flows.workspace.conftest import CheckOut, content, git, members


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plain folder with one file."""
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "app.py").write_text("print('one')\n", encoding="utf-8")
    return plain


def test_the_same_content_is_the_same_commit_wherever_it_lies(folder: Path, checked: CheckOut, tmp_path: Path) -> None:
    twin = tmp_path / "twin"
    twin.mkdir()
    (twin / "app.py").write_text("print('one')\n", encoding="utf-8")
    os.utime(twin / "app.py", (1, 1))
    first = checked(folder)
    assert first.commit == checked(folder).commit == checked(twin).commit
    assert first.dirty is False


@pytest.mark.parametrize("change", ["text", "name", "mode", "more", "link"])
def test_other_content_is_another_commit(folder: Path, checked: CheckOut, change: str) -> None:
    before = checked(folder).commit
    file = folder / "app.py"
    if change == "text":
        stamp = file.stat()
        file.write_text("print('two')\n", encoding="utf-8")
        os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # same size, same time: only the bytes differ
    if change == "name":
        file.rename(folder / "app2.py")
    if change == "mode":
        file.chmod(0o755)
    if change == "more":
        (folder / "more.py").touch()
    if change == "link":
        file.unlink()
        file.symlink_to("elsewhere.py")
    assert checked(folder).commit != before


def test_a_removed_file_is_gone(folder: Path, checked: CheckOut, tmp_path: Path) -> None:
    (folder / "old.py").touch()
    checked(folder)
    (folder / "old.py").unlink()
    assert sorted(content(checked(folder), tmp_path)) == ["app.py"]


def test_nothing_is_hidden(folder: Path, checked: CheckOut, tmp_path: Path) -> None:
    wanted = {
        ".gitignore": b"*\n",
        ".gitattributes": b"* export-ignore\n*.txt text eol=crlf\n",
        "lines.txt": b"a\r\nb\n",
        "odd \xfc\n\"name'.txt": b"x",
        "deep/er/file.bin": b"\x00\x01",
        "empty": b"",
        "node_modules/x.js": b"x\n",
    }
    for name, text in wanted.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)
    assert content(checked(folder), tmp_path) == {**wanted, "app.py": b"print('one')\n"}


def test_the_content_of_nested_repositories_is_part_of_it(
    folder: Path, repository: Path, checked: CheckOut, tmp_path: Path
) -> None:
    repository.rename(folder / "nested")
    (folder / "nested" / "untracked.py").touch()
    assert sorted(content(checked(folder), tmp_path)) == ["app.py", "nested/app.py", "nested/untracked.py"]


def test_a_folder_inside_a_checkout_is_a_folder(repository: Path, checked: CheckOut, tmp_path: Path) -> None:
    (repository / "part").mkdir()
    (repository / "part" / "new.py").touch()
    assert sorted(content(checked(repository / "part"), tmp_path)) == ["new.py"]


def test_links_stay_links_and_odd_files_stay_out(folder: Path, checked: CheckOut, tmp_path: Path) -> None:
    (folder / "secrets").symlink_to("/etc")
    (folder / "loop").symlink_to(".")
    os.mkfifo(folder / "pipe")
    found = members(checked(folder), tmp_path)
    assert sorted(found) == ["app.py", "loop", "secrets"]
    assert found["secrets"].issym()


def test_an_empty_folder_is_an_empty_commit(tmp_path: Path, checked: CheckOut) -> None:
    (tmp_path / "empty").mkdir()
    assert content(checked(tmp_path / "empty"), tmp_path) == {}


def test_a_folder_has_no_refs(folder: Path, checked: CheckOut) -> None:
    with pytest.raises(InvalidInputError, match="is not a git repository, so it has no ref 'main'"):
        checked(folder, "main")


def test_a_folder_that_became_a_repository_is_read_as_one(folder: Path, checked: CheckOut) -> None:
    checked(folder)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    assert checked(folder).commit == git(folder, "rev-parse", "HEAD")


def test_the_folder_stays_as_it_is(folder: Path, checked: CheckOut) -> None:
    checked(folder)
    assert [path.name for path in folder.rglob("*")] == ["app.py"]
