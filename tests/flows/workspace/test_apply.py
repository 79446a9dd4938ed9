"""An approved patch becomes one commit on a new branch, once, and touches nothing else."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flows.workspace.apply import applied, apply, create_branch
from flows.workspace.refusals import (
    BaseMovedError,
    BranchTakenError,
    DiffRefusedError,
    DirtyFolderError,
    NotALocalRepositoryError,
    PatchError,
)
from flows.workspace.target import Signature, Target
from tests.flows.workspace.conftest import commit, git
from tests.flows.workspace.test_hostile_repository import ATTRIBUTES, Evil, arm

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

WHO = Signature("Dockyard", "dockyard@example.org", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
BRANCH = "dockyard/fix-1"
MESSAGE = "Update things\n\nBecause.\n\nDockyard-Run: r1\nApproved-by: Ann <ann@example.org>\n"
Apply = Callable[..., str]


def diff_of(folder: Path, change: Callable[[], object]) -> str:
    """The diff of what `change` does to the files, which are put back."""
    change()
    git(folder, "add", "--all", "--force")
    # What is not UTF-8 goes as a binary patch, as the contract says.
    attributes = folder / ".git" / "info" / "attributes"
    attributes.write_text("*.latin -diff\n")
    options = ("--cached", "--binary", "--full-index", "--no-renames")
    done = subprocess.run(["git", "diff", *options], cwd=folder, capture_output=True, check=True)
    git(folder, "reset", "--quiet", "--hard")
    git(folder, "clean", "-fdxq")
    attributes.unlink()
    return done.stdout.decode("utf-8")


@pytest.fixture
def put(repository: Path, tmp_path: Path) -> Apply:
    """`apply` on the repository, from `main`, with everything given that the call leaves out."""

    def call(diff: str, **given: Any) -> str:
        known: dict[str, Any] = {
            "folder": repository,
            "base_commit": git(repository, "rev-parse", "main"),
            "expected_ref": "main",
            "branch": BRANCH,
            "message": MESSAGE,
            "author": WHO,
            "home": tmp_path / "home",
            "timeout": 60.0,
        }
        return apply(diff=diff, **{**known, **given})

    return call


@pytest.fixture
def diff(repository: Path) -> str:
    """A diff that changes `app.py`."""
    return diff_of(repository, lambda: (repository / "app.py").write_text("print('two')\n"))


def state(folder: Path) -> tuple[object, ...]:
    """Everything of a repository that applying must not touch."""
    files = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir() if path.is_file()}
    index = folder / ".git" / "index"
    refs = [line for line in git(folder, "for-each-ref").split("\n") if BRANCH not in line]
    return files, (index.read_bytes(), index.stat().st_mtime_ns), git(folder, "symbolic-ref", "HEAD"), refs


def test_the_patch_is_one_commit_on_a_new_branch(repository: Path, put: Apply, diff: str) -> None:
    before = state(repository)
    made = put(diff)
    assert git(repository, "rev-parse", BRANCH) == made
    assert git(repository, "rev-list", "--parents", "-1", made).split()[1:] == [git(repository, "rev-parse", "main")]
    assert git(repository, "show", f"{made}:app.py") == "print('two')"
    assert git(repository, "log", "-1", "--format=%an <%ae> %cn <%ce> %at %ct", made) == (
        "Dockyard <dockyard@example.org> Dockyard <dockyard@example.org> 1767323045 1767323045"
    )
    assert git(repository, "log", "-1", "--format=%B", made) == MESSAGE.strip()
    assert "Dockyard-Run: r1" in git(repository, "log", "-1", "--format=%(trailers)", made)
    assert state(repository) == before


def test_a_second_call_finds_the_same_commit(repository: Path, put: Apply, diff: str) -> None:
    base = git(repository, "rev-parse", "main")
    made = put(diff)
    assert put(diff) == made
    # Also when the world has moved on since: what was done is done.
    commit(repository, "more")
    (repository / "app.py").write_text("dirty\n")
    assert put(diff, base_commit=base) == made
    assert git(repository, "rev-list", "--count", f"{base}..{BRANCH}") == "1"


def test_a_crash_before_the_branch_is_made_changes_nothing_of_the_commit(
    repository: Path, put: Apply, diff: str, tmp_path: Path
) -> None:
    lock = repository / ".git" / "refs" / "heads" / "dockyard"
    lock.write_text("a file in the way of the folder of refs\n")
    with pytest.raises(PatchError, match="does not make the branch"):
        put(diff)
    assert applied(repository, BRANCH, home=tmp_path / "home", timeout=60) is None
    left = [line.split() for line in git(repository, "cat-file", "--batch-check", "--batch-all-objects").split("\n")]
    commits = {name for name, kind, _ in left if kind == "commit"} - {git(repository, "rev-parse", "main")}
    lock.unlink()
    assert commits == {put(diff)}


def test_applied_says_what_the_branch_points_at(repository: Path, put: Apply, diff: str, tmp_path: Path) -> None:
    assert applied(repository, BRANCH, home=tmp_path / "home", timeout=60) is None
    made = put(diff)
    assert applied(repository, BRANCH, home=tmp_path / "home", timeout=60) == made


def test_a_branch_that_holds_something_else_is_never_overwritten(repository: Path, put: Apply, diff: str) -> None:
    git(repository, "branch", BRANCH)
    with pytest.raises(BranchTakenError, match=r"nothing is overwritten: delete or rename it"):
        put(diff)
    assert git(repository, "rev-parse", BRANCH) == git(repository, "rev-parse", "main")


def test_a_different_message_is_a_different_change(put: Apply, diff: str) -> None:
    put(diff)
    with pytest.raises(BranchTakenError):
        put(diff, message="Another")


def test_rejects_a_patch_whose_base_moved(repository: Path, put: Apply, diff: str) -> None:
    base = git(repository, "rev-parse", "main")
    now = commit(repository, "more")
    with pytest.raises(BaseMovedError, match=f"{base}.*'main' is now {now}"):
        put(diff, base_commit=base)
    with pytest.raises(BaseMovedError, match="'gone' is gone"):
        put(diff, base_commit=base, expected_ref="gone")
    assert git(repository, "branch", "--list", BRANCH) == ""


@pytest.mark.parametrize("ref", ["HEAD", "main", "refs/heads/main", "v1", "annotated", ""])
def test_the_base_may_be_named_in_any_way(repository: Path, put: Apply, diff: str, ref: str) -> None:
    git(repository, "tag", "v1")
    git(repository, "tag", "-a", "annotated", "-m", "x")
    base = git(repository, "rev-parse", "main")
    assert put(diff, expected_ref=ref or base)


def test_a_detached_head_is_a_base_too(repository: Path, put: Apply, diff: str) -> None:
    git(repository, "checkout", "--quiet", "--detach")
    assert put(diff, expected_ref="HEAD")


CHANGES: dict[str, tuple[dict[str, bytes], dict[str, bytes | None]]] = {
    "crlf": ({"a": b"one\r\ntwo\r\n"}, {"a": b"one\r\nthree\r\n"}),
    "binary": ({"a": bytes(range(256))}, {"a": bytes(reversed(range(256)))}),
    "latin-1": ({"a.latin": b"caf\xe9 1\r\n"}, {"a.latin": b"caf\xe9 2\r\n"}),
    "new file": ({}, {"deep/er/new": b"x\n"}),
    "deleted file": ({"gone/a": b"x\n"}, {"gone/a": None}),
    "missing final newline": ({"a": b"x"}, {"a": b"y"}),
    "final newline comes": ({"a": b"x"}, {"a": b"x\n"}),
    "empty file": ({}, {"a": b""}),
    "whitespace": ({"a": b"x \t\n"}, {"a": b"y \t \n\n\n"}),
    "several": ({"a": b"1\n", "b": b"2\n"}, {"a": b"3\n", "b": None, "c": b"4"}),
    "names": ({"ü x": b"1\n"}, {"ü x": b"2\n", '"q"': b"3\n"}),
}


def lay(folder: Path, files: dict[str, bytes] | dict[str, bytes | None]) -> None:
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def blob(folder: Path, name: str) -> bytes:
    return subprocess.run(["git", "cat-file", "blob", name], cwd=folder, capture_output=True, check=True).stdout


@pytest.mark.parametrize("case", CHANGES)
@pytest.mark.parametrize("attributes", ["", "* text=auto eol=crlf ident\n"])
def test_every_byte_arrives(repository: Path, put: Apply, case: str, attributes: str) -> None:
    before, after = CHANGES[case]
    lay(repository, before)
    commit(repository)
    diff = diff_of(repository, lambda: lay(repository, after))
    # Attributes of the repository would have git convert what it writes.
    (repository / ".git" / "info" / "attributes").write_text(attributes)
    git(repository, "config", "apply.whitespace", "fix")
    git(repository, "config", "core.autocrlf", "false")
    made = put(diff)
    names = git(repository, "-c", "core.quotePath=false", "ls-tree", "-r", "-z", "--name-only", made).split("\0")
    for name, content in after.items():
        assert (name in names) == (content is not None)
        if content is not None:
            assert blob(repository, f"{made}:{name}") == content


@pytest.mark.parametrize("content", ["x\n", "y\n"])
def test_the_executable_bit_arrives(repository: Path, put: Apply, content: str) -> None:
    lay(repository, {"run.sh": b"x\n"})
    commit(repository)

    def change() -> None:
        (repository / "run.sh").write_text(content)
        (repository / "run.sh").chmod(0o755)

    made = put(diff_of(repository, change))
    assert git(repository, "ls-tree", made, "run.sh").startswith("100755 ")


def test_a_bare_repository_gets_the_branch(repository: Path, put: Apply, diff: str, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), "bare.git")
    made = put(diff, folder=tmp_path / "bare.git")
    assert git(tmp_path / "bare.git", "rev-parse", BRANCH) == made
    assert made == put(diff)


def test_a_linked_worktree_and_one_with_alternates_get_it(repository: Path, put: Apply, diff: str, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "linked"))
    made = put(diff, folder=tmp_path / "linked", expected_ref="side")
    assert git(repository, "rev-parse", BRANCH) == made
    git(tmp_path, "clone", "--quiet", "--shared", str(repository), "shared")
    assert put(diff, folder=tmp_path / "shared") == made
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", "shallow")
    assert put(diff, folder=tmp_path / "shallow") == made


@pytest.mark.parametrize("how", ["file", "staged", "deleted", "added", "mode", "unborn"])
def test_a_folder_with_changes_of_its_own_is_refused(repository: Path, put: Apply, diff: str, how: str) -> None:
    file = repository / "app.py"
    if how == "file":
        file.write_text("print('six')\n")  # as long as before
    elif how == "staged":
        file.write_text("mine\n")
        git(repository, "add", "app.py")
        file.write_text("print('one')\n")
    elif how == "deleted":
        file.unlink()
    elif how == "added":
        (repository / "new").touch()
        git(repository, "add", "new")
    elif how == "mode":
        file.chmod(0o755)
    else:
        git(repository, "symbolic-ref", "HEAD", "refs/heads/unborn")
    with pytest.raises(DirtyFolderError, match=r"not committed \((app\.py|new)\); commit or stash"):
        put(diff)
    assert git(repository, "branch", "--list", BRANCH) == ""


def test_what_is_not_tracked_or_only_touched_is_no_change(repository: Path, put: Apply, diff: str) -> None:
    (repository / "untracked").touch()
    (repository / ".git" / "info" / "exclude").write_text("ignored\n")
    (repository / "ignored").touch()
    os.utime(repository / "app.py", (1, 1))
    assert put(diff)


def test_converted_line_endings_are_no_change(repository: Path, put: Apply) -> None:
    lay(repository, {".gitattributes": b"*.bat text eol=crlf\n", "a.bat": b"one\r\n", "b.bin": b"1\n"})
    commit(repository)
    os.utime(repository / "a.bat", (1, 1))
    assert git(repository, "status", "--porcelain") == ""
    os.utime(repository / "a.bat", (2, 2))
    assert put(diff_of(repository, lambda: (repository / "b.bin").write_bytes(b"2\n")))


def test_split_indexes_and_submodules_are_no_change(repository: Path, put: Apply, diff: str, tmp_path: Path) -> None:
    inner = repository / "inner"
    git(tmp_path, "clone", "--quiet", str(repository), str(inner))
    git(repository, "add", "inner")
    git(repository, "commit", "--quiet", "-m", "a submodule")
    (inner / "app.py").write_text("changed inside\n")
    git(repository, "update-index", "--split-index")
    assert put(diff)


def hostile(path: str, *, mode: str = "100644") -> str:
    """A diff that makes `path` with one line."""
    ids = f"{'0' * 40}..587be6b4c3f93f93c489c0111bba5596147a26cb"
    head = f"diff --git a/{path} b/{path}\nnew file mode {mode}\nindex {ids}\n"
    return f"{head}--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n"


@pytest.mark.parametrize(
    "path",
    [".git/config", ".GIT/hooks/x", "a/.git/x", "git~1/x", ".g\u200cit/x", ".git./x", "../out", "a/../../out", "/etc/x",
     ".gitmodules", "a/.GitModules", ".git::$INDEX_ALLOCATION/x"],
)  # fmt: skip
def test_a_diff_that_leaves_the_repository_or_touches_gits_own_is_refused(
    repository: Path, put: Apply, path: str, tmp_path: Path
) -> None:
    with pytest.raises(DiffRefusedError):
        put(hostile(path))
    assert git(repository, "branch", "--list", BRANCH) == ""
    assert not (tmp_path / "out").exists()


def quoted(name: bytes) -> str:
    """A diff that makes a file of that name, as git quotes it."""
    shown = "".join(chr(sign) if sign in range(32, 127) and sign not in b'"\\\\' else f"\\{sign:03o}" for sign in name)
    return hostile("NAME").replace("a/NAME b/NAME", f'"a/{shown}" "b/{shown}"').replace("b/NAME\n", f'"b/{shown}"\n')


@pytest.mark.parametrize(
    "name",
    [b"esc\x1b[31m", b"new\nline", b"tab\t", b"del\x7f", b"c1\xc2\x9b", b"\xff\xfe", b"back\\slash", b"..\\..\\out",
     b"n" * 256, b"d/" + b"n" * 300, "turned\u202egnp.exe".encode(), "zero\u200bwidth".encode()],
)  # fmt: skip
def test_a_diff_that_touches_a_name_which_reads_as_another_is_refused(repository: Path, put: Apply, name: bytes) -> None:
    with pytest.raises(DiffRefusedError) as caught:
        put(quoted(name))
    assert str(caught.value).isprintable()
    assert git(repository, "branch", "--list", BRANCH) == ""


@pytest.mark.parametrize("name", [b"fine", "schön/größer".encode(), b"with space", b"n" * 255])
def test_the_form_of_the_hostile_diffs_is_one_that_applies(put: Apply, name: bytes) -> None:
    assert put(quoted(name))


@pytest.mark.parametrize("target", ["/etc", "../outside", "inside", "."])
def test_a_diff_that_puts_a_folder_where_a_link_is_is_refused(repository: Path, put: Apply, target: str) -> None:
    (repository / "inside").mkdir()
    (repository / "inside" / "x").write_text("x\n")
    (repository / "link").symlink_to(target)
    commit(repository)
    made = git(repository, "rev-parse", "HEAD:link")
    head = f"diff --git a/link b/link\ndeleted file mode 120000\nindex {made}..{'0' * 40}\n--- a/link\n+++ /dev/null\n"
    gone = f"{head}@@ -1 +0,0 @@\n-{target}\n\\ No newline at end of file\n"
    for diff in (gone, gone + hostile("link/x"), hostile("link/x"), hostile("link/y") + gone):
        with pytest.raises(DiffRefusedError):
            put(diff)
    assert git(repository, "branch", "--list", BRANCH) == ""


def test_a_diff_that_makes_a_link_or_a_submodule_is_refused(put: Apply) -> None:
    with pytest.raises(DiffRefusedError, match="link 'l'"):
        put(hostile("l", mode="120000"))
    with pytest.raises(DiffRefusedError, match="submodule 's'"):
        put(
            f"diff --git a/s b/s\nnew file mode 160000\nindex {'0' * 40}..{'1' * 40}\n--- /dev/null\n+++ b/s\n"
            f"@@ -0,0 +1 @@\n+Subproject commit {'1' * 40}\n"
        )


def test_a_diff_that_writes_through_a_link_is_refused(repository: Path, put: Apply, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (repository / "link").symlink_to(tmp_path / "outside")
    commit(repository)
    with pytest.raises(DiffRefusedError):
        put(hostile("link/x"))
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize("diff", ["", "\n", "no diff\n", "diff --git a/x b/x\n", "From: x\n" + hostile("a")])
def test_what_is_no_diff_is_refused(put: Apply, diff: str) -> None:
    with pytest.raises(DiffRefusedError):
        put(diff)


def test_a_diff_that_does_not_fit_is_refused(repository: Path, put: Apply, diff: str) -> None:
    lay(repository, {"app.py": b"quite another\n"})
    commit(repository)
    with pytest.raises(DiffRefusedError, match="does not apply"):
        put(diff)


def test_a_diff_that_would_apply_elsewhere_than_it_says_is_refused(repository: Path, put: Apply) -> None:
    lay(repository, {"a": b"".join(b"%d\n" % number for number in range(30))})
    commit(repository)
    diff = diff_of(
        repository, lambda: (repository / "a").write_bytes((repository / "a").read_bytes().replace(b"20\n", b"x\n"))
    )
    lay(repository, {"a": b"one more\n" + (repository / "a").read_bytes()})
    commit(repository)
    with pytest.raises(DiffRefusedError, match="`index` lines"):
        put(diff)


def test_a_diff_with_shortened_ids_is_refused(put: Apply, diff: str) -> None:
    with pytest.raises(DiffRefusedError, match="--full-index"):
        put(diff.replace("index ", "index x", 1))


@pytest.mark.parametrize("branch", ["", "-x", "a..b", "a b", "HEAD", "a\nb", "a\0b", "/x", "x.lock", "@{x"])
def test_what_is_no_name_for_a_branch_is_refused(put: Apply, diff: str, branch: str) -> None:
    with pytest.raises(PatchError, match="is not a name for a branch"):
        put(diff, branch=branch)


def test_a_branch_in_the_way_of_a_folder_of_branches_is_told(repository: Path, put: Apply, diff: str) -> None:
    git(repository, "branch", "dockyard")
    with pytest.raises(PatchError, match="give another name"):
        put(diff)


def test_a_plain_folder_gets_no_branch(put: Apply, diff: str, repository: Path, tmp_path: Path) -> None:
    (repository / "sub").mkdir()
    (tmp_path / "plain").mkdir()
    for folder in (tmp_path / "plain", repository / "sub"):
        with pytest.raises(NotALocalRepositoryError, match="is not a git repository"):
            put(diff, folder=folder)


def test_nothing_of_the_repositorys_configuration_runs(repository: Path, put: Apply, tmp_path: Path) -> None:
    evil = Evil(tmp_path)
    (repository / ".gitattributes").write_text(ATTRIBUTES)
    commit(repository)
    diff = diff_of(repository, lambda: (repository / "app.py").write_text("print('two')\n"))
    os.utime(repository / "app.py", (1, 1))  # looked at anew
    arm(repository, evil)
    git(repository, "config", "commit.gpgSign", "true")
    git(repository, "config", "i18n.commitEncoding", "latin-1")
    evil.forget()
    made = put(diff)
    assert not evil.ran
    header = git(repository, "cat-file", "commit", made).partition("\n\n")[0]
    assert [line.split()[0] for line in header.split("\n")] == ["tree", "parent", "author", "committer"]
    evil.forget()
    assert put(diff) == made
    assert not evil.ran


def test_the_identity_of_this_machine_plays_no_part(
    put: Apply, diff: str, monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Mallory")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    made = put(diff)
    local = Signature(WHO.name, WHO.email, WHO.when.astimezone(timezone(timedelta(hours=9))))
    assert put(diff, author=local) == made


def test_a_time_without_a_zone_is_refused(put: Apply, diff: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        put(diff, author=Signature("A", "a@example.org", datetime(2026, 1, 1)))  # noqa: DTZ001 — what is refused


def _race(folder: Path, given: dict[str, Any], barrier: Any, results: SimpleQueue[str]) -> None:
    barrier.wait()
    results.put(apply(folder, **given))


def test_several_at_once_make_one_branch_and_one_commit(repository: Path, diff: str, tmp_path: Path) -> None:
    base = git(repository, "rev-parse", "main")
    given = {"base_commit": base, "expected_ref": "main", "diff": diff, "branch": BRANCH, "message": MESSAGE}
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(4), context.SimpleQueue()
    whole = {**given, "author": WHO, "home": tmp_path / "home", "timeout": 60.0}
    workers = [context.Process(target=_race, args=(repository, whole, barrier, results)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * 4
    found = {results.get() for _ in workers}
    assert found == {git(repository, "rev-parse", BRANCH)}
    assert git(repository, "rev-list", "--count", f"{base}..{BRANCH}") == "1"
    assert len(git(repository, "reflog", "show", BRANCH).split("\n")) == 1


def test_a_base_that_moves_at_the_last_moment_is_noticed(repository: Path, put: Apply, diff: str, tmp_path: Path) -> None:
    base = git(repository, "rev-parse", "main")
    made = put(diff)
    commit(repository, "after all checks")
    target = Target.open(repository, home=tmp_path / "home", timeout=60)
    with pytest.raises(BaseMovedError):
        create_branch(target, "refs/heads/late", made, WHO, ("main", base))
    assert git(repository, "branch", "--list", "late") == ""
