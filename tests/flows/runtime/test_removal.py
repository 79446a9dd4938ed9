"""Folders that agents have filled go, whatever is in them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from flows.runtime.removal import remove_tree


def deep(root: Path, levels: int) -> None:
    """Folders in folders, deeper than a path can name."""
    handle = os.open(root, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("down", dir_fd=handle)
        below = os.open("down", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=handle))
    os.close(handle)


def test_folders_deeper_than_a_path_go(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    deep(root, 3000)
    remove_tree(root)
    assert not root.exists()


def test_links_are_not_followed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("stays")
    root = tmp_path / "root"
    (root / "below").mkdir(parents=True)
    for link in (root / "link", root / "below" / "link"):
        link.symlink_to(kept)
    remove_tree(root)
    assert (kept / "file").read_text() == "stays"
    assert not root.exists()


def test_odd_files_names_and_modes_go(tmp_path: Path) -> None:
    root = tmp_path / "root"
    closed = root / "closed" / "closed"
    closed.mkdir(parents=True)
    (closed / "file").touch()
    (root / "1").mkdir()  # a name that the removal itself would take
    (root / "1" / "deeper").mkdir()
    (root / "1" / "deeper" / "2").mkdir()
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "socket"))
    (root / "new\nline").touch()
    Path(os.fsdecode(os.fsencode(root) + b"/\xff")).touch()
    for folder in (closed, closed.parent):
        folder.chmod(0)
    remove_tree(root)
    assert not root.exists()


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(OSError, match="link"):
        remove_tree(tmp_path / "link")
    assert (tmp_path / "real").is_dir()
