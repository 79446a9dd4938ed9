"""Reading a tree that somebody made to hurt: notes instead of surprises."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from agents.contract.errors import WorkspaceError
from agents.contract.schema import NoteKind
from agents.contract.workspace import MAX_TEXT_BYTES, Workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside").write_text("secret", "utf-8")
    root = tmp_path / "repo"
    root.mkdir()
    return root


def put(root: Path, name: str, content: bytes = b"x\n") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def kinds(workspace: Workspace) -> list[tuple[NoteKind, str | None]]:
    return [(note.kind, note.file) for note in workspace.notes]


def test_lists_regular_files_in_order(root: Path) -> None:
    for name in ("b.py", "a/z.py", "a/b/c.py", "A.py", ".hidden/x"):
        put(root, name)
    workspace = Workspace(root)
    assert list(workspace.files()) == [".hidden/x", "A.py", "a/b/c.py", "a/z.py", "b.py"]
    assert list(workspace.files(lambda name: name.endswith("c.py"))) == ["a/b/c.py"]
    assert workspace.notes == ()


def test_finds_by_last_part_without_case(root: Path) -> None:
    for name in ("License", "sub/LICENSE", "license.txt", "license/readme"):
        put(root, name)
    assert list(Workspace(root).find("licence", "LICENSE")) == ["License", "sub/LICENSE"]


def test_links_are_noted_and_not_followed(root: Path) -> None:
    put(root, "real/a.py")
    (root / "file.py").symlink_to(root.parent / "outside")
    (root / "folder").symlink_to(root.parent)
    (root / "inner").symlink_to(root / "real")
    (root / "loop").symlink_to(root)
    (root / "nowhere").symlink_to("missing")
    workspace = Workspace(root)
    assert list(workspace.files()) == ["real/a.py"]
    assert kinds(workspace) == [(NoteKind.LINK, name) for name in ("file.py", "folder", "inner", "loop", "nowhere")]


def test_a_link_cannot_be_read_by_name(root: Path) -> None:
    (root / "file.py").symlink_to(root.parent / "outside")
    (root / "folder").symlink_to(root.parent)
    (root / "sub").mkdir()
    (root / "sub/up").symlink_to(root.parent)
    workspace = Workspace(root)
    for name in ("file.py", "folder/outside", "sub/up/outside"):
        assert workspace.read_bytes(name) is None
        assert workspace.read_text(name) is None
        assert workspace.line(name, 1) is None
    assert [kind for kind, _ in kinds(workspace)] == [NoteKind.UNREADABLE] * 3


def test_pipes_and_sockets_are_noted_and_never_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe.py")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "sock.py"))
        workspace = Workspace(root)
        assert list(workspace.files()) == []
        assert workspace.read_text("pipe.py") is None
        assert workspace.read_text("sock.py") is None
    assert kinds(workspace) == [(NoteKind.UNREADABLE, "pipe.py"), (NoteKind.UNREADABLE, "sock.py")]


def test_text_that_is_not_utf8_is_noted(root: Path) -> None:
    put(root, "latin.py", "# é\n".encode("latin-1"))
    workspace = Workspace(root)
    assert workspace.read_text("latin.py") is None
    (note,) = workspace.notes
    assert (note.kind, note.file, note.detail) == (NoteKind.NOT_UTF8, "latin.py", "byte 2")
    assert workspace.line("latin.py", 1) == "# �"


def test_a_byte_order_mark_is_no_text(root: Path) -> None:
    put(root, "bom.py", b"\xef\xbb\xbfx = 1\n")
    assert Workspace(root).read_text("bom.py") == "x = 1\n"


def test_a_binary_is_noted(root: Path) -> None:
    put(root, "logo.png", b"\x89PNG\0\0")
    workspace = Workspace(root)
    assert workspace.read_text("logo.png") is None
    assert kinds(workspace) == [(NoteKind.BINARY, "logo.png")]
    assert workspace.read_bytes("logo.png") == b"\x89PNG\0\0"


def test_a_huge_file_is_noted_without_being_read(root: Path) -> None:
    put(root, "fits.txt", b"x" * MAX_TEXT_BYTES)
    with (root / "huge.txt").open("wb") as stream:
        stream.truncate(1 << 40)  # sparse: reading it would take a terabyte of memory
    workspace = Workspace(root)
    assert workspace.read_text("huge.txt") is None
    assert kinds(workspace) == [(NoteKind.TOO_LARGE, "huge.txt")]
    assert len(workspace.read_text("fits.txt") or "") == MAX_TEXT_BYTES


def test_odd_names_are_read_and_impossible_ones_noted(root: Path) -> None:
    names = ["a b.py", "new\nline.py", "-rf", "quote'\".py", "日本.py", "back\\slash.py", "tab\t.py", "..."]
    for name in names:
        put(root, name)
    Path(os.fsdecode(os.fsencode(root) + b"/bad\xff.py")).write_bytes(b"x")
    workspace = Workspace(root)
    assert list(workspace.files()) == sorted(names)
    assert [workspace.read_text(name) for name in names] == ["x\n"] * len(names)
    ((kind, file),) = kinds(workspace)
    assert kind is NoteKind.UNREADABLE
    assert file is not None
    assert "bad" in file
    file.encode("utf-8")


@pytest.mark.parametrize("name", ["../outside", "a/../../outside", "/etc/passwd", "..", "a\0b"])
def test_a_path_that_leaves_the_root_is_refused(root: Path, name: str) -> None:
    put(root, "a/x")
    with pytest.raises(WorkspaceError, match="leaves the workspace"):
        Workspace(root).read_bytes(name)


def test_vendored_folders_are_noted_and_git_is_not(root: Path) -> None:
    for name in ("src/a.py", "node_modules/x/y.js", "sub/venv/lib/z.py", ".git/config", "node_modules.py"):
        put(root, name)
    workspace = Workspace(root)
    assert list(workspace.files()) == ["node_modules.py", "src/a.py"]
    assert kinds(workspace) == [(NoteKind.VENDORED, "node_modules"), (NoteKind.VENDORED, "sub/venv")]


def test_a_missing_file_is_a_note(root: Path) -> None:
    workspace = Workspace(root)
    assert workspace.read_text("gone.py") is None
    assert kinds(workspace) == [(NoteKind.UNREADABLE, "gone.py")]


def test_a_note_is_kept_once_per_kind_and_file(root: Path) -> None:
    workspace = Workspace(root)
    for _ in range(3):
        workspace.note(NoteKind.UNPARSABLE, "a.py", "line 1")
        workspace.note(NoteKind.ENGINE, None, "no")
    workspace.note(NoteKind.ENGINE, None, "other")
    assert len(workspace.notes) == 3


def test_all_that_is_said_of_a_file_is_kept(root: Path) -> None:
    workspace = Workspace(root)
    for detail in ("rule a", "rule b; late", "", "rule a", "rule b; late"):
        workspace.note(NoteKind.ENGINE, "a.py", detail)
    workspace.note(NoteKind.BINARY, "a.py")
    assert [(note.kind, note.detail) for note in workspace.notes] == [
        (NoteKind.BINARY, ""),
        (NoteKind.ENGINE, "rule a; rule b; late"),
    ]


@pytest.mark.parametrize(("number", "text"), [(1, "one"), (2, "two"), (3, "three"), (0, None), (4, None), (-1, None)])
def test_lines_count_from_one(root: Path, number: int, text: str | None) -> None:
    put(root, "a.py", b"one\r\n  two\t\nthree")
    assert Workspace(root).line("a.py", number) == text


def test_a_workspace_must_be_a_folder(root: Path) -> None:
    put(root, "file")
    for wrong in (root / "file", root / "missing"):
        with pytest.raises(WorkspaceError, match="is not a folder"):
            Workspace(wrong)


def test_a_workspace_may_itself_be_reached_through_a_link(root: Path) -> None:
    put(root, "a/x.py")
    (root.parent / "link").symlink_to(root)
    workspace = Workspace(root.parent / "link")
    assert list(workspace.files()) == ["a/x.py"]
    assert workspace.read_text("a/x.py") == "x\n"
