"""Which files a diff touches, as git reads it."""

from __future__ import annotations

from pathlib import Path

from flows.workspace import git
from flows.workspace.refusals import DiffRefusedError


def touched(diff: str, *, home: Path, timeout: float) -> tuple[str, ...]:
    """The paths of a diff without renames, sorted. Raises DiffRefusedError for what git does not read as one."""
    command: list[str | Path] = ["-C", home, "apply", "--numstat", "-z", "--allow-empty", "-"]
    # Within some repository's work tree git would leave out whatever lies outside this folder of it.
    extra = {"GIT_CEILING_DIRECTORIES": str(home.resolve().parent)}
    try:
        listed = git.run(command, home=home, timeout=timeout, stdin=diff.encode("utf-8"), extra=extra)
    except git.GitError as error:
        raise DiffRefusedError(f"git does not read the diff: {error}") from error
    found = tuple(sorted({line.split("\t", 2)[2] for line in listed.split("\0") if line}))
    if diff and not found:
        raise DiffRefusedError("git reads no file in the diff")
    return found
