"""Real repositories made with the real git, and checkouts of them."""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.workspace import Checkout, check_out

CheckOut = Callable[..., Checkout]


def git(folder: Path, *arguments: str, committed: str | None = None) -> str:
    """Run git in `folder` without any configuration of this machine, at that time; its stdout, stripped."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ann",
        "GIT_AUTHOR_EMAIL": "ann@example.org",
        "GIT_COMMITTER_NAME": "Ann",
        "GIT_COMMITTER_EMAIL": "ann@example.org",
        "GIT_ALLOW_PROTOCOL": "file",
        **({} if committed is None else {"GIT_COMMITTER_DATE": committed}),
    }
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path, message: str = "change") -> str:
    """Commit everything in `folder` and return the id."""
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--no-verify", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def checked(tmp_path: Path) -> CheckOut:
    """`check_out` with one state folder per test."""

    def run(repository: Path | str, ref: str = "HEAD") -> Checkout:
        return check_out(str(repository), ref, state_dir=tmp_path / "state", timeout=60)

    return run


def members(checkout: Checkout, folder: Path) -> dict[str, tarfile.TarInfo]:
    """The entries of the checkout's tar by name, folders left out."""
    tar = folder / "workspace.tar"
    checkout.write_tar(tar)
    with tarfile.open(tar) as archive:
        return {member.name: member for member in archive.getmembers() if not member.isdir()}


def content(checkout: Checkout, folder: Path) -> dict[str, bytes]:
    """The regular files of the checkout's tar with what stands in them."""
    tar = folder / "workspace.tar"
    checkout.write_tar(tar)
    with tarfile.open(tar) as archive:
        files = {member.name: archive.extractfile(member) for member in archive.getmembers() if member.isreg()}
        return {name: stream.read() for name, stream in files.items() if stream is not None}
