"""What is too large, too deep or git's own is refused before anything of it is unpacked, with the limit and the setting."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.contract.schema import NoteKind
from agents.contract.workspace import Workspace
from flows.errors import InvalidInputError
from flows.runtime.local import LocalRuntime
from flows.settings import Settings
from flows.workspace import Checkout, Limits, check_out
from flows.workspace.limits import MIB, HostileTreeError, TooLargeError
from flows.workspace.tar import NOWHERE
from tests.flows.workspace.conftest import commit, content, git, members

Read = Callable[..., Checkout]
MODES = {"blob": "100644", "link": "120000", "tree": "040000"}


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """A checkout with these limits; those that are not given do not count."""

    def call(folder: Path, **limits: int) -> Checkout:
        known = {"files": 10**9, "file": 1 << 40, "total": 1 << 40, "depth": 500, "path": 3072, "mirror": 1 << 40}
        return check_out(str(folder), "HEAD", state_dir=tmp_path / "state", timeout=60, limits=Limits(**{**known, **limits}))

    return call


@pytest.fixture(params=["repository", "plain"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with nine bytes in `a/b`, as a repository and as a plain one."""
    folder = tmp_path / "folder"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "b").write_bytes(b"123456789")
    if request.param == "repository":
        git(folder, "init", "--quiet", "--initial-branch=main")
        commit(folder)
    return folder


def raw(folder: Path, data: bytes, kind: str = "tree") -> str:
    """Store an object as it is, with none of git's checks; its id."""
    command = ["git", "hash-object", "-w", "--stdin", "-t", kind, "--literally"]
    done = subprocess.run(command, cwd=folder, input=data, capture_output=True, check=True)
    return done.stdout.decode().strip()


def entry(kind: str, name: bytes, object_id: str) -> bytes:
    """One entry of a tree, whatever its name."""
    return MODES[kind].lstrip("0").encode() + b" " + name + b"\0" + bytes.fromhex(object_id)


def point(folder: Path, tree: str) -> None:
    """Let the branch have that tree."""
    git(folder, "update-ref", "refs/heads/main", git(folder, "commit-tree", tree, "-m", "hostile"))


@pytest.mark.parametrize(
    ("limits", "setting"),
    [
        ({"files": 1}, "DOCKYARD_MAX_FILES"),
        ({"file": 8}, "DOCKYARD_MAX_FILE_MB"),
        ({"total": 8}, "DOCKYARD_MAX_TREE_MB"),
        ({"depth": 1}, "DOCKYARD_MAX_PATH_DEPTH"),
        ({"path": 2}, "DOCKYARD_MAX_PATH_BYTES"),
    ],
)
def test_each_limit_is_named_with_its_setting(folder: Path, read: Read, limits: dict[str, int], setting: str) -> None:
    assert read(folder, files=2, file=9, total=9, depth=2, path=3).commit  # exactly what there is
    with pytest.raises(TooLargeError, match=rf"'.*folder' at 'HEAD' is not read: .*\({setting}\)") as caught:
        read(folder, **limits)
    assert "\n" not in str(caught.value)


def test_a_folder_is_refused_before_anything_of_it_is_stored(read: Read, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "a").write_bytes(b"stored last")
    with (folder / "sparse").open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(TooLargeError, match="DOCKYARD_MAX_FILE_MB"):
        read(folder, file=MIB)
    (mirror,) = (path for path in (tmp_path / "state" / "mirrors").iterdir() if path.is_dir())
    assert git(mirror, "count-objects").startswith("0 objects")


def test_a_deep_folder_is_refused_and_not_followed_down(read: Read, tmp_path: Path) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    here = os.open(folder, os.O_RDONLY)
    for _ in range(600):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    with pytest.raises(TooLargeError, match="DOCKYARD_MAX_PATH_DEPTH"):
        read(folder, depth=64)


@pytest.mark.parametrize("empty", [True, False])
def test_a_few_objects_that_unfold_to_millions_are_counted_no_further(repository: Path, read: Read, *, empty: bool) -> None:
    tree = raw(repository, b"" if empty else entry("blob", b"f", raw(repository, b"boo", "blob")))
    for _ in range(12):  # 10^12 of them
        tree = raw(repository, b"".join(entry("tree", b"d%d" % number, tree) for number in range(10)))
    point(repository, tree)
    with pytest.raises(TooLargeError, match="more than 1000 files"):
        read(repository, files=1000)


def test_a_history_that_is_larger_than_allowed_is_not_fetched(repository: Path, read: Read, tmp_path: Path) -> None:
    (repository / "noise").write_bytes(os.urandom(3 * MIB))
    commit(repository)
    (repository / "noise").unlink()
    commit(repository, "nothing to see")
    with pytest.raises(InvalidInputError, match=r"more than 1 MiB on this machine \(DOCKYARD_MAX_MIRROR_MB\)"):
        read(repository, mirror=MIB)
    assert read(repository, mirror=4 * MIB).commit  # what the first left behind is in nobody's way
    (mirror,) = (path for path in (tmp_path / "state" / "mirrors").iterdir() if path.is_dir())
    assert [path for path in mirror.rglob("tmp_*") if path.is_file()] == []
    with pytest.raises(TooLargeError, match="DOCKYARD_MAX_MIRROR_MB"):
        read(repository, mirror=2 * MIB)


def test_the_settings_are_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Limits.of(Settings()) == Limits()
    for number, name in enumerate(("FILES", "FILE_MB", "TREE_MB", "PATH_DEPTH", "PATH_BYTES", "MIRROR_MB"), 1):
        monkeypatch.setenv(f"DOCKYARD_MAX_{name}", str(number))
    assert Limits.of(Settings()) == Limits(files=1, file=2 * MIB, total=3 * MIB, depth=4, path=5, mirror=6 * MIB)


GITS_OWN = [b".git", b".GIT", b".Git", b"git~1", b"GIT~1", b".git ", b".git.", b".g\xe2\x80\x8cit", b"..", b".", b""]


@pytest.mark.parametrize("name", GITS_OWN)
@pytest.mark.parametrize("kind", ["blob", "tree", "link"])
def test_a_tree_with_gits_own_names_is_not_even_fetched(
    repository: Path, read: Read, tmp_path: Path, name: bytes, kind: str
) -> None:
    inner = raw(repository, b"x", "blob")
    content_id = raw(repository, entry("blob", b"config", inner)) if kind == "tree" else inner
    point(repository, raw(repository, entry(kind, name, content_id)))
    with pytest.raises(InvalidInputError) as caught:
        read(repository)
    assert str(caught.value).isprintable()


def test_such_a_tree_is_refused_in_a_mirror_that_has_it(repository: Path, read: Read, tmp_path: Path) -> None:
    before = read(repository)
    bad = raw(
        before.mirror, entry("tree", b".Git", raw(before.mirror, entry("blob", b"x", raw(before.mirror, b"x", "blob"))))
    )
    commit_id = git(before.mirror, "commit-tree", bad, "-m", "from before objects were checked")
    with pytest.raises(HostileTreeError, match="git's own"):
        check_out(str(repository), "HEAD", state_dir=tmp_path / "state", timeout=60, pinned=commit_id)


def test_a_name_that_no_file_can_have_is_refused(repository: Path, read: Read) -> None:
    inner = raw(repository, b"x", "blob")
    point(repository, raw(repository, entry("blob", b"n" * 256, inner)))
    with pytest.raises(TooLargeError, match="more than 255 bytes"):
        read(repository)
    point(repository, raw(repository, entry("blob", b"n" * 255, inner)))
    assert read(repository).commit


def test_a_link_that_no_system_takes_is_refused(repository: Path, read: Read) -> None:
    for length in (4095, 4096):
        link = raw(repository, b"x" * length, "blob")
        point(repository, raw(repository, entry("link", b"l", link)))
        if length == 4095:
            assert read(repository).commit
    with pytest.raises(TooLargeError, match="the link 'l' has more than 4095 bytes"):
        read(repository)


ODD = [
    b"a\\b", b"..\\..\\c", b"C:", b"con", b"new\nline", b"esc\x1b[31m", b"\xff\xfe", b"tab\t", b"quote\"'", b"-rf",
    b"\xe2\x80\xaeevil", b" ",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["repository", "plain"])
def test_odd_names_are_names_and_nothing_more(repository: Path, read: Read, tmp_path: Path, kind: str) -> None:
    folder = repository
    if kind == "plain":
        folder = tmp_path / "plain"
        folder.mkdir()
    for name in ODD:
        (folder / os.fsdecode(name)).write_bytes(name)
    (folder / os.fsdecode(b"n" * 255)).write_bytes(b"long")
    if kind == "repository":
        git(folder, "config", "core.protectNTFS", "false")
        commit(folder)
    checkout = read(folder)
    found = content(checkout, tmp_path)
    assert {os.fsencode(name) for name in found} >= {*ODD, b"n" * 255}
    assert all(found[os.fsdecode(name)] == name for name in ODD)
    assert checkout.dirty is False
    workspace = Workspace(staged(checkout, tmp_path))
    assert {os.fsencode(name) for name in workspace.files()} >= {*ODD} - {b"\xff\xfe"}
    assert [note.kind for note in workspace.notes] == [NoteKind.UNREADABLE]  # what is not UTF-8, said and left out


def staged(checkout: Checkout, folder: Path) -> Path:
    """The tree as agents of the local runtime see it."""
    tar = folder / "staged.tar"
    checkout.write_tar(tar)
    runtime = LocalRuntime(folder / "runtime", "run", 1)
    runtime.stage(tar)
    (workspace,) = (folder / "runtime" / "workspaces").glob("*/workspace")
    return workspace


LINKS = {
    "absolute": "/etc/passwd",
    "up": "../../../../etc/passwd",
    "folder": "/etc",
    "self": "self",
    "git": ".git/config",
    "long": "x/" * 2000,
}


@pytest.mark.parametrize("kind", ["repository", "plain"])
def test_links_are_text_to_agents(repository: Path, read: Read, tmp_path: Path, kind: str) -> None:
    folder = repository
    if kind == "plain":
        folder = tmp_path / "plain"
        folder.mkdir()
    for name, target in LINKS.items():
        (folder / name).symlink_to(target)
    if kind == "repository":
        commit(folder)
    checkout = read(folder)
    inside = {"self": LINKS["self"], "git": LINKS["git"], "long": LINKS["long"]}
    found = {name: member.linkname for name, member in members(checkout, tmp_path).items() if member.issym()}
    assert found == dict.fromkeys(LINKS, NOWHERE.decode()) | inside
    root = staged(checkout, tmp_path)
    assert [path for path in root.rglob("*") if path.is_symlink()] == []  # the local runtime has none at all
    for name, target in LINKS.items():  # where there are links, as in a container
        (root / name).symlink_to(target)
    workspace = Workspace(root)
    assert {*LINKS} & {*workspace.files()} == set()
    assert workspace.read_bytes("absolute") is None
    assert workspace.read_bytes("folder/passwd") is None
    assert {note.kind for note in workspace.notes} == {NoteKind.LINK, NoteKind.UNREADABLE}


def test_a_path_through_a_link_of_the_tree_cannot_be(repository: Path, read: Read, tmp_path: Path) -> None:
    # The classic: a link `d` to elsewhere, and a folder `d` whose files would be written through it.
    link = raw(repository, str(tmp_path / "outside").encode(), "blob")
    inner = raw(repository, entry("blob", b"x", raw(repository, b"x", "blob")))
    point(repository, raw(repository, entry("link", b"d", link) + entry("tree", b"d", inner)))
    with pytest.raises(InvalidInputError, match="cannot read"):
        read(repository)
    assert not (tmp_path / "outside").exists()
