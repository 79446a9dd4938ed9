"""Removing a folder that an agent has filled: however deep, and whatever modes and names are in it."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def remove_tree(root: Path) -> None:
    """Remove `root` and all below it, links unfollowed. Raises OSError.

    The library's own walks call themselves for every level, and end in a RecursionError that an agent can provoke.
    Here every folder found is moved up to the root first, so that depth never grows.
    """
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchmod(handle, stat.S_IRWXU)
        moved = 0
        while names := os.listdir(handle):
            for name in names:
                if _is_folder(name, handle):
                    moved = _emptied(name, handle, moved)
                    os.rmdir(name, dir_fd=handle)
                else:
                    os.unlink(name, dir_fd=handle)
    finally:
        os.close(handle)
    root.rmdir()


def _emptied(name: str, root: int, moved: int) -> int:
    """Empty a folder below `root`: its folders move there, with numbers for names. Returns the last number used."""
    _open_up(name, root)
    folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=root)
    try:
        for child in os.listdir(folder):
            if _is_folder(child, folder):
                _open_up(child, folder)  # a folder that may not be written can't be moved either
                moved += 1
                while _exists(f"{moved}", root):
                    moved += 1
                os.rename(child, f"{moved}", src_dir_fd=folder, dst_dir_fd=root)
            else:
                os.unlink(child, dir_fd=folder)
    finally:
        os.close(folder)
    return moved


def _open_up(name: str, folder: int) -> None:
    # It is a folder, and the agent that could put a link in its place has ended.
    os.chmod(name, stat.S_IRWXU, dir_fd=folder)


def _is_folder(name: str, folder: int) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)


def _exists(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
