"""A repository's own configuration neither runs anything nor hides anything."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from flows.errors import InvalidInputError
from flows.workspace import Reach, check_out
from flows.workspace import git as ours
from tests.flows.workspace.conftest import CheckOut, commit, content, git
from tests.flows.workspace.serving import serving


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


PROGRAMS = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "SSH_ASKPASS", "GIT_PROXY_COMMAND", "GIT_EXTERNAL_DIFF",
            "GIT_EDITOR", "GIT_PAGER", "GIT_SEQUENCE_EDITOR", "GIT_TRACE2_EVENT")  # fmt: skip


def test_no_variable_of_the_machine_runs_anything(
    repository: Path, tmp_path: Path, evil: Evil, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = tmp_path / "gitconfig"
    system.write_text(
        f"[core]\n\tsshCommand = {evil}\n\tgitProxy = {evil}\n\taskPass = {evil}\n\tfsmonitor = {evil}\n"
        f"[credential]\n\thelper = {evil}\n[protocol]\n\tallow = always\n[uploadpack]\n\tpackObjectsHook = {evil}\n"
        f'[url "ext::{evil} "]\n\tinsteadOf = http\n',
        encoding="utf-8",
    )
    for name in ("GIT_CONFIG_SYSTEM", "GIT_CONFIG_GLOBAL", "GIT_CONFIG"):
        monkeypatch.setenv(name, str(system))
    for name in PROGRAMS:
        monkeypatch.setenv(name, str(evil))
    monkeypatch.setenv("GIT_EXEC_PATH", str(tmp_path))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ext")
    locked = {"WWW-Authenticate": 'Basic realm="x"'}
    with serving(tmp_path, lambda _served, _path: (401, locked, b"")) as served:
        reach = Reach(schemes=("http",), private_hosts=("127.0.0.1",))
        with pytest.raises(InvalidInputError, match="DOCKYARD_GIT_CREDENTIALS"):
            check_out(served.url(), "HEAD", state_dir=tmp_path / "state", timeout=60, reach=reach)
        assert served.asked
    assert check_out(str(repository), "HEAD", state_dir=tmp_path / "state", timeout=60).commit
    assert not evil.ran


@pytest.mark.parametrize("served", [True, False])
def test_large_file_pointers_stay_pointers_and_call_nothing(
    repository: Path, tmp_path: Path, evil: Evil, monkeypatch: pytest.MonkeyPatch, *, served: bool
) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 99\n"
    (repository / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n", encoding="utf-8")
    (repository / ".lfsconfig").write_text(f"[lfs]\n\turl = ext::{evil}\n\tfetchinclude = *\n", encoding="utf-8")
    (repository / "big.bin").write_text(pointer, encoding="utf-8")
    commit(repository)
    for setting in ("filter.lfs.smudge", "filter.lfs.clean", "filter.lfs.process"):
        git(repository, "config", setting, str(evil))
    for program in ("git-lfs", "git-remote-evil"):
        (tmp_path / program).symlink_to(evil.script)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), "served/x.git")
    evil.forget()
    with serving(tmp_path / "served") as server:
        reach = Reach(schemes=("http",), private_hosts=("127.0.0.1",))
        where = server.url() if served else str(repository)
        checkout = check_out(where, "HEAD", state_dir=tmp_path / "state", timeout=60, reach=reach)
        assert not any("lfs" in path for path in server.asked)
    assert content(checkout, tmp_path)["big.bin"] == pointer.encode()
    assert checkout.dirty is False
    assert not evil.ran


@pytest.mark.parametrize(
    ("modules", "refused"),
    [
        ("url = ext::{evil}", ""),
        ("url = ../other", ""),
        ("url = https://example.org/x.git\n\tfetchRecurseSubmodules = true", ""),
        # What git knows to be an attack is not even fetched.
        ("url = -u./payload", "gitmodulesUrl"),
        ("url = --upload-pack={evil}", "gitmodulesUrl"),
        ("url = ../other\n\tupdate = !{evil}", "gitmodulesUpdate"),
    ],
)
def test_no_submodule_is_fetched_from_where_a_repository_says(
    repository: Path, checked: CheckOut, tmp_path: Path, evil: Evil, *, modules: str, refused: str
) -> None:
    text = f'[submodule "sub"]\n\tpath = sub\n\t{modules.format(evil=evil)}\n'
    (repository / ".gitmodules").write_text(text, encoding="utf-8")
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{git(repository, 'rev-parse', 'HEAD')},sub")
    git(repository, "add", ".gitmodules")
    git(repository, "commit", "--quiet", "-m", "a submodule")
    if refused:
        with pytest.raises(InvalidInputError, match=refused):
            checked(repository)
    else:
        assert sorted(content(checked(repository), tmp_path)) == [".gitmodules", "app.py"]
    assert not evil.ran


@pytest.mark.parametrize(
    "url", ["ext::{evil} %S x", "fd::17", "evil::x", "evil://host/x", "http://127.0.0.1:1/x", "file:///x"]
)
def test_git_speaks_no_protocol_that_it_was_not_given(
    tmp_path: Path, evil: Evil, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    (tmp_path / "git-remote-evil").symlink_to(evil.script)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for given in ((), ("https",)):
        with pytest.raises(ours.GitError, match="not allowed"):
            ours.run(["ls-remote", url.format(evil=evil)], home=tmp_path / "home", timeout=60, protocols=given)
    assert not evil.ran


def test_an_older_configuration_of_ours_is_replaced(repository: Path, checked: CheckOut, tmp_path: Path) -> None:
    (tmp_path / "state" / "git").mkdir(parents=True)
    (tmp_path / "state" / "git" / "gitconfig").write_text("[safe]\n\tdirectory = *\n", encoding="utf-8")
    checked(repository)
    assert "fsckObjects = true" in (tmp_path / "state" / "git" / "gitconfig").read_text(encoding="utf-8")


def test_what_a_server_says_is_shown_without_terminal_escapes(tmp_path: Path) -> None:
    said = b"0034ERR \x1b]0;pwned\x07 \x1b[31mred\xff access denied\n"
    body = b"001e# service=git-upload-pack\n0000" + b"%04x" % len(said) + said[4:]
    kind = {"Content-Type": "application/x-git-upload-pack-advertisement"}
    with serving(tmp_path, lambda _served, _path: (200, kind, body)) as served:
        reach = Reach(schemes=("http",), private_hosts=("127.0.0.1",))
        with pytest.raises(InvalidInputError, match="access denied") as caught:
            check_out(served.url(), "HEAD", state_dir=tmp_path / "state", timeout=60, reach=reach)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("habit", ["zone", "name", "mode"])
def test_histories_of_old_programs_are_read(repository: Path, checked: CheckOut, habit: str) -> None:
    tree, old = git(repository, "rev-parse", "HEAD^{tree}"), "Ann <ann@example.org> 1000000000 +0000"
    if habit == "mode":
        blob = bytes.fromhex(git(repository, "rev-parse", "HEAD:app.py"))
        tree = _stored(repository, "tree", b"100664 app.py\0" + blob)
    who = {"zone": "Ann <ann@example.org> 1000000000 +051800", "name": "<ann@example.org> 1000000000 +0000"}.get(habit, old)
    made = _stored(repository, "commit", f"tree {tree}\nauthor {who}\ncommitter {old}\n\nold\n".encode())
    git(repository, "update-ref", "refs/heads/main", made)
    assert checked(repository).commit == made


def _stored(repository: Path, kind: str, data: bytes) -> str:
    command = ["git", "hash-object", "-w", "--literally", "-t", kind, "--stdin"]
    return subprocess.run(command, cwd=repository, input=data, capture_output=True, check=True).stdout.decode().strip()
