"""Refs, folders and URLs become one pinned commit."""

from __future__ import annotations

import multiprocessing
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.errors import InvalidInputError
from flows.workspace import check_out, mirror
from tests.flows.workspace.conftest import CheckOut, commit, content, git, members

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue


def test_takes_the_branch_that_head_names(repository: Path, checked: CheckOut) -> None:
    git(repository, "checkout", "--quiet", "-b", "master")
    (repository / "app.py").write_text("print('other')\n", encoding="utf-8")
    commit(repository)
    git(repository, "checkout", "--quiet", "main")
    checkout = checked(repository)
    assert checkout.commit == git(repository, "rev-parse", "main")
    assert (checkout.repository, checkout.ref, checkout.dirty) == (str(repository), "HEAD", False)


def test_head_stands_for_the_repositorys_own_head_in_every_spelling(repository: Path, checked: CheckOut) -> None:
    first = git(repository, "rev-parse", "HEAD")
    commit(repository, "two")
    git(repository, "branch", "master")  # what a fresh bare mirror would take HEAD for
    last = commit(repository, "three")
    assert checked(repository, "@").commit == last
    assert checked(repository, "HEAD~2").commit == first


def test_takes_a_detached_head(repository: Path, checked: CheckOut) -> None:
    first = git(repository, "rev-parse", "HEAD")
    commit(repository, "two")
    git(repository, "checkout", "--quiet", "--detach", first)
    assert checked(repository).commit == first


@pytest.mark.parametrize("ref", ["side", "refs/heads/side", "v1", "annotated", "slashed/name"])
def test_resolves_branches_and_tags(repository: Path, checked: CheckOut, ref: str) -> None:
    git(repository, "checkout", "--quiet", "-b", "side")
    wanted = commit(repository, "on the side")
    git(repository, "tag", "v1")
    git(repository, "tag", "-a", "annotated", "-m", "words")
    git(repository, "branch", "slashed/name")
    git(repository, "checkout", "--quiet", "main")
    assert checked(repository, ref).commit == wanted


@pytest.mark.parametrize("length", [7, 12, 40])
def test_resolves_commits_short_and_long(repository: Path, checked: CheckOut, length: int) -> None:
    wanted = git(repository, "rev-parse", "HEAD")
    commit(repository, "two")
    checkout = checked(repository, wanted[:length])
    assert checkout.commit == wanted
    assert content(checkout, repository.parent)["app.py"] == b"print('one')\n"


def test_fetches_a_commit_that_no_branch_reaches(repository: Path, checked: CheckOut) -> None:
    lost = commit(repository, "lost")
    git(repository, "reset", "--quiet", "--hard", "HEAD~1")
    git(repository, "config", "uploadpack.allowAnySHA1InWant", "true")
    assert checked(repository, lost).commit == lost


@pytest.mark.parametrize("ref", ["nope", "0" * 40, "v1^{tree}", "app.py"])
def test_refuses_a_ref_that_is_no_commit(repository: Path, checked: CheckOut, ref: str) -> None:
    with pytest.raises(InvalidInputError, match=r"nope|0{40}|v1|app\.py") as caught:
        checked(repository, ref)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ref", ["-h", "--upload-pack=touch marker", "", "  "])
def test_refuses_what_would_be_read_as_an_option(repository: Path, checked: CheckOut, ref: str) -> None:
    with pytest.raises(InvalidInputError, match="is not a ref"):
        checked(repository, ref)


@pytest.mark.parametrize(
    "where", ["/nowhere/at/all", "no-such-folder", "ext::sh -c 'touch marker'", "-x", "", "a\0b", "~no-such-user/x"]
)
def test_refuses_a_path_that_leads_nowhere(checked: CheckOut, where: str) -> None:
    with pytest.raises(InvalidInputError, match="there is no repository"):
        checked(where)


def test_refuses_a_url_that_looks_like_an_option(checked: CheckOut) -> None:
    with pytest.raises(InvalidInputError, match="is not written as git writes URLs"):
        checked("-u@host:path")


def test_reads_a_file_url(repository: Path, checked: CheckOut) -> None:
    checkout = checked(f"file://{repository}")
    assert checkout.commit == git(repository, "rev-parse", "HEAD")
    assert checkout.repository == f"file://{repository}"


def test_an_unreachable_url_is_one_clear_sentence(checked: CheckOut, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"cannot read 'file:///.*/gone' at 'HEAD'") as caught:
        checked(f"file://{tmp_path}/gone")
    assert "\n" not in str(caught.value)
    assert "does not" in str(caught.value)


def test_an_empty_repository_is_refused_with_a_reason(tmp_path: Path, checked: CheckOut) -> None:
    (tmp_path / "empty").mkdir()
    git(tmp_path / "empty", "init", "--quiet")
    with pytest.raises(InvalidInputError, match="HEAD"):
        checked(tmp_path / "empty")


def test_a_branch_is_found_though_head_names_none(repository: Path, checked: CheckOut) -> None:
    git(repository, "symbolic-ref", "HEAD", "refs/heads/unborn")
    wanted = git(repository, "rev-parse", "main")
    assert checked(repository, "main").commit == wanted
    with pytest.raises(InvalidInputError, match="HEAD"):
        checked(repository)


def test_head_that_vanished_upstream_is_not_remembered(repository: Path, checked: CheckOut) -> None:
    checked(repository)
    git(repository, "symbolic-ref", "HEAD", "refs/heads/unborn")
    with pytest.raises(InvalidInputError, match="HEAD"):
        checked(repository)


def test_sees_a_branch_that_moved(repository: Path, checked: CheckOut) -> None:
    before = checked(repository, "main").commit
    after = commit(repository, "two")
    assert checked(repository, "main").commit == after != before


def test_sees_a_branch_that_was_rewritten(repository: Path, checked: CheckOut) -> None:
    commit(repository, "two")
    checked(repository, "main")
    git(repository, "reset", "--quiet", "--hard", "HEAD~1")
    after = commit(repository, "another two")
    assert checked(repository, "main").commit == after


def test_forgets_a_branch_that_was_deleted(repository: Path, checked: CheckOut) -> None:
    git(repository, "branch", "side")
    checked(repository, "side")
    git(repository, "branch", "-D", "side")
    with pytest.raises(InvalidInputError, match="no branch, tag or commit 'side'"):
        checked(repository, "side")


def test_a_branch_may_become_a_folder_of_branches(repository: Path, checked: CheckOut) -> None:
    git(repository, "branch", "side")
    checked(repository, "side")
    git(repository, "branch", "-D", "side")
    git(repository, "branch", "side/one")
    assert checked(repository, "side/one").commit == git(repository, "rev-parse", "main")


def test_a_shallow_clone_is_enough(repository: Path, checked: CheckOut, tmp_path: Path) -> None:
    commit(repository, "two")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", "shallow")
    assert checked(tmp_path / "shallow").commit == git(repository, "rev-parse", "HEAD")


def test_a_linked_worktree_and_a_bare_repository_are_repositories(
    repository: Path, checked: CheckOut, tmp_path: Path
) -> None:
    git(repository, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "linked"))
    wanted = commit(tmp_path / "linked", "in the worktree")
    assert checked(tmp_path / "linked").commit == wanted
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), "bare.git")
    assert checked(tmp_path / "bare.git").commit == git(repository, "rev-parse", "main")


def test_a_clean_working_tree_is_not_dirty(repository: Path, checked: CheckOut) -> None:
    (repository / "untracked.txt").write_text("x", encoding="utf-8")
    assert checked(repository).dirty is False


@pytest.mark.parametrize("change", ["edit", "stage", "delete"])
def test_notices_a_dirty_working_tree_and_leaves_it_out(
    repository: Path, checked: CheckOut, tmp_path: Path, change: str
) -> None:
    file = repository / "app.py"
    file.write_text("print('changed')\n", encoding="utf-8")
    if change == "stage":
        git(repository, "add", "app.py")
    if change == "delete":
        file.unlink()
    checkout = checked(repository)
    assert checkout.dirty is True
    assert content(checkout, tmp_path) == {"app.py": b"print('one')\n"}


def test_only_head_can_be_dirty(repository: Path, checked: CheckOut) -> None:
    (repository / "app.py").write_text("print('changed')\n", encoding="utf-8")
    assert checked(repository, "main").dirty is False


def test_the_repository_stays_as_it_is(repository: Path, checked: CheckOut) -> None:
    (repository / "app.py").write_text("print('changed')\n", encoding="utf-8")
    before = {path: path.stat().st_mtime_ns for path in repository.rglob("*")}
    checked(repository)
    assert {path: path.stat().st_mtime_ns for path in repository.rglob("*")} == before


def test_submodules_are_not_fetched(repository: Path, checked: CheckOut, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", str(repository), "other")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "vendored")
    commit(repository, "with a submodule")
    assert sorted(content(checked(repository), tmp_path)) == [".gitmodules", "app.py"]


def test_a_link_stays_a_link(repository: Path, checked: CheckOut, tmp_path: Path) -> None:
    (repository / "again").symlink_to("app.py")
    commit(repository)
    found = members(checked(repository), tmp_path)["again"]
    assert found.issym()
    assert found.linkname == "app.py"


def test_executable_bits_and_odd_names_survive(repository: Path, checked: CheckOut, tmp_path: Path) -> None:
    odd = 'ein Name mit "Zeichen"\n und Zeilen.txt'
    (repository / odd).write_bytes(b"\x00\xff")
    (repository / "run.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (repository / "run.sh").chmod(0o755)
    commit(repository)
    found = members(checked(repository), tmp_path)
    assert odd in found
    assert found["run.sh"].mode & 0o111
    assert not found["app.py"].mode & 0o111


def test_a_relative_state_folder_works(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    checkout = check_out("repository", "HEAD", state_dir=Path("state"), timeout=60)
    monkeypatch.chdir("/")
    assert content(checkout, tmp_path) == {"app.py": b"print('one')\n"}


@pytest.mark.parametrize(
    "url",
    [
        "file://ann:hunter2@localhost/nowhere",
        "https://ann:hunter2@127.0.0.1:1/x.git",
        "http://ann:hunter2@127.0.0.1:port/x.git",
        "https://ann:hunter2@[bad/x.git",
        "HTTPS://ann:hunter2@127.0.0.1:1/x",
        "gopher://ann:hunter2@127.0.0.1/x",
        "https://127.0.0.1:1/x.git?token=hunter2",
    ],
)
def test_credentials_are_never_in_an_error(checked: CheckOut, url: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        checked(url)
    told: BaseException | None = caught.value
    while told is not None:  # a traceback shows the causes, too
        assert "hunter2" not in str(told)
        told = told.__cause__


def _check_out_in_a_process(repository: str, state: str, answers: SimpleQueue[str]) -> None:
    answers.put(check_out(repository, "HEAD", state_dir=Path(state), timeout=60).commit)


def test_two_processes_check_out_at_once(repository: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    answers: SimpleQueue[str] = context.SimpleQueue()
    arguments = (str(repository), str(tmp_path / "state"), answers)
    workers = [context.Process(target=_check_out_in_a_process, args=arguments) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert {answers.get() for _ in workers} == {git(repository, "rev-parse", "HEAD")}


def test_git_that_takes_too_long_is_ended(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="did not finish within"):
        check_out(str(repository), "HEAD", state_dir=tmp_path / "state", timeout=0.0001)


def test_a_missing_git_is_told(repository: Path, checked: CheckOut, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.errors import UnavailableError

    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UnavailableError, match="git is not installed"):
        checked(repository)


def test_the_helper_would_notice_a_broken_tar(repository: Path, checked: CheckOut, tmp_path: Path) -> None:
    checkout = checked(repository)
    checkout.write_tar(tmp_path / "x.tar")
    listed = subprocess.run(["tar", "-tf", tmp_path / "x.tar"], capture_output=True, text=True, check=True)
    assert listed.stdout.split() == ["app.py"]


def loose_objects(tmp_path: Path) -> int:
    """How many unpacked objects the one mirror has."""
    (mirror,) = (path for path in (tmp_path / "state" / "mirrors").iterdir() if path.is_dir())
    return int(git(mirror, "count-objects").split()[0])


@pytest.mark.parametrize("enough", [5, 1_000_000])
def test_a_mirror_is_packed_when_enough_has_gathered(
    checked: CheckOut, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enough: int
) -> None:
    monkeypatch.setattr(mirror, "GC_LOOSE_OBJECTS", enough)
    (tmp_path / "folder").mkdir()
    for number in range(2000):  # git guesses the whole from one of 256 folders
        (tmp_path / "folder" / str(number)).write_text(str(number), encoding="utf-8")
    found = checked(tmp_path / "folder")
    assert (loose_objects(tmp_path) == 0) is (enough == 5)
    assert len(content(found, tmp_path)) == 2000


def test_a_mirror_that_cannot_be_tidied_is_still_read(
    repository: Path, checked: CheckOut, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = checked(repository).commit
    (mirror,) = (path for path in (tmp_path / "state" / "mirrors").iterdir() if path.is_dir())
    (mirror / "gc.pid").write_text("0 elsewhere", encoding="utf-8")
    git(mirror, "config", "gc.packRefs", "nonsense")
    assert checked(repository).commit == wanted
    assert "could not be tidied" in caplog.text
