"""A repository's own configuration neither runs anything nor hides anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows.errors import InvalidInputError
from tests.flows.workspace.conftest import CheckOut, commit, content, git


class Evil(os.PathLike[str]):
    """A program that leaves a marker and then behaves like `cat`."""

    def __init__(self, folder: Path) -> None:
        self.marker = folder / "executed"
        self.script = folder / "evil.sh"
        self.script.write_text(f"#!/bin/sh\ntouch '{self.marker}'\ncat\n", encoding="utf-8")
        self.script.chmod(0o755)

    def __fspath__(self) -> str:
        return str(self.script)

    def __str__(self) -> str:
        return str(self.script)

    @property
    def ran(self) -> bool:
        """Whether anything of the repository's was executed."""
        return self.marker.exists()

    def forget(self) -> None:
        """Setting the trap may have sprung it: git runs hooks for whoever sets them."""
        self.marker.unlink(missing_ok=True)


@pytest.fixture
def evil(tmp_path: Path) -> Evil:
    """The trap's program."""
    return Evil(tmp_path)


def arm(folder: Path, evil: Evil) -> None:
    """Every setting of git that names a program, pointing at `evil`."""
    hooks = folder / "evil-hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-commit", "fsmonitor-watchman",
                 "post-update", "pre-auto-gc", "post-rewrite", "update", "pre-receive", "proc-receive"):  # fmt: skip
        for place in (hooks, Path(git(folder, "rev-parse", "--absolute-git-dir")) / "hooks"):
            place.mkdir(exist_ok=True)
            (place / hook).write_text(evil.script.read_text(encoding="utf-8"), encoding="utf-8")
            (place / hook).chmod(0o755)
    for name in ("core.fsmonitor", "core.sshCommand", "core.gitProxy", "core.pager", "core.editor", "core.askPass",
                 "core.alternateRefsCommand", "uploadpack.packObjectsHook", "filter.evil.clean", "filter.evil.smudge",
                 "filter.evil.process", "diff.evil.textconv", "diff.evil.command", "diff.external", "merge.evil.driver",
                 "credential.helper", "gpg.program", "tar.tar.command", "pager.fetch", "remote.origin.uploadpack",
                 "alias.fetch", "alias.archive", "alias.diff", "interactive.diffFilter"):  # fmt: skip
        git(folder, "config", name, str(evil))
    git(folder, "config", "core.hooksPath", str(hooks))
    git(folder, "config", "filter.evil.required", "true")


ATTRIBUTES = "* filter=evil diff=evil merge=evil\n"


def test_the_trap_works(repository: Path, evil: Evil) -> None:
    (repository / ".gitattributes").write_text(ATTRIBUTES, encoding="utf-8")
    git(repository, "config", "filter.evil.clean", str(evil))
    git(repository, "add", "--all")
    assert evil.ran


@pytest.mark.parametrize("ref", ["HEAD", "main", "v1"])
def test_nothing_of_the_repositorys_configuration_runs(
    repository: Path, checked: CheckOut, tmp_path: Path, evil: Evil, ref: str
) -> None:
    (repository / ".gitattributes").write_text(ATTRIBUTES, encoding="utf-8")
    commit(repository)
    git(repository, "tag", "v1")
    (repository / "app.py").write_text("changed in the working tree\n", encoding="utf-8")
    arm(repository, evil)
    evil.forget()
    checkout = checked(repository, ref)
    assert content(checkout, tmp_path)["app.py"] == b"print('one')\n"
    assert not evil.ran


def test_nothing_runs_when_the_configuration_is_included(
    repository: Path, checked: CheckOut, evil: Evil, tmp_path: Path
) -> None:
    (repository / ".gitattributes").write_text(ATTRIBUTES, encoding="utf-8")
    commit(repository)
    more = f'[core]\n\tfsmonitor = {evil}\n[filter "evil"]\n\tclean = {evil}\n\tsmudge = {evil}\n'
    (tmp_path / "more").write_text(more, encoding="utf-8")
    git(repository, "config", "include.path", str(tmp_path / "more"))
    checked(repository)
    assert not evil.ran


def test_nothing_runs_in_a_submodule(repository: Path, checked: CheckOut, evil: Evil, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(repository), "other")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "other"), "sub")
    commit(repository)
    arm(repository / "sub", evil)
    (repository / "sub" / "app.py").write_text("changed\n", encoding="utf-8")
    evil.forget()
    checked(repository)
    assert not evil.ran


def test_nothing_runs_in_a_nested_repository_of_a_plain_folder(
    repository: Path, checked: CheckOut, evil: Evil, tmp_path: Path
) -> None:
    arm(repository, evil)
    evil.forget()
    plain = tmp_path / "plain"
    plain.mkdir()
    repository.rename(plain / "nested")
    checkout = checked(plain)
    assert content(checkout, tmp_path)["nested/app.py"] == b"print('one')\n"
    assert not evil.ran


def test_a_missing_object_is_not_fetched_from_where_the_repository_says(
    repository: Path, checked: CheckOut, evil: Evil, tmp_path: Path
) -> None:
    (repository / "big.bin").write_bytes(os.urandom(4096))
    commit(repository)
    git(repository, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{repository}", "partial")
    git(tmp_path / "partial", "config", "remote.origin.uploadpack", str(evil))
    with pytest.raises(InvalidInputError):
        checked(tmp_path / "partial")
    assert not evil.ran


def test_attributes_neither_hide_nor_change_content(repository: Path, checked: CheckOut, tmp_path: Path) -> None:
    (repository / ".gitattributes").write_text(
        "[attr]veiled export-ignore\nhidden.py export-ignore\nveiled.py veiled\nfolder export-ignore\n"
        "dated.py export-subst\nident.py ident\nlines.py text eol=crlf\nold.py crlf\n"
        "wide.py working-tree-encoding=UTF-16\nfiltered.py filter=lfs\n",
        encoding="utf-8",
    )
    wanted = {name: f"{name}\n".encode() for name in ("hidden.py", "veiled.py", "lines.py", "old.py", "filtered.py")}
    wanted |= {"folder/deep.py": b"deep\n", "dated.py": b"$Format:%H$\n", "ident.py": b"$Id$\n"}
    (repository / "folder").mkdir()
    for name, text in wanted.items():
        (repository / name).write_bytes(text)
    commit(repository)
    found = content(checked(repository), tmp_path)
    assert {name: found.get(name) for name in wanted} == wanted
    assert {".gitattributes", "app.py"} <= found.keys()


def test_attributes_of_the_repositorys_info_folder_do_not_count(repository: Path, checked: CheckOut, tmp_path: Path) -> None:
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "attributes").write_text("* export-ignore\n", encoding="utf-8")
    assert "app.py" in content(checked(repository), tmp_path)


def test_replaced_objects_do_not_hide_content(repository: Path, checked: CheckOut, tmp_path: Path) -> None:
    honest = git(repository, "rev-parse", "HEAD")
    git(repository, "checkout", "--quiet", "--orphan", "decoy")
    (repository / "app.py").write_text("nothing to see\n", encoding="utf-8")
    decoy = commit(repository)
    git(repository, "checkout", "--quiet", "main")
    git(repository, "replace", honest, decoy)
    checkout = checked(repository, "main")
    assert checkout.commit == honest
    assert content(checkout, tmp_path)["app.py"] == b"print('one')\n"


def test_the_persons_own_configuration_does_not_count(
    repository: Path, checked: CheckOut, tmp_path: Path, evil: Evil, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    settings = (
        f"[core]\n\tfsmonitor = {evil}\n\tattributesFile = {home}/attributes\n[uploadpack]\n\tpackObjectsHook = {evil}\n"
    )
    (home / ".gitconfig").write_text(settings, encoding="utf-8")
    (home / "attributes").write_text("* export-ignore\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "uploadpack.packObjectsHook")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(evil))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert "app.py" in content(checked(repository), tmp_path)
    assert not evil.ran
