"""Lock files: they are made by tools that need a network, so they are named, never written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from agents.contract.workspace import Workspace

NPM = {
    "package-lock.json": "npm install --package-lock-only",
    "npm-shrinkwrap.json": "npm install --package-lock-only",
    "yarn.lock": "yarn install --mode=update-lockfile",
    "pnpm-lock.yaml": "pnpm install --lockfile-only",
    "bun.lock": "bun install",
    "bun.lockb": "bun install",
}
PYTHON = {
    "poetry.lock": "poetry lock",
    "uv.lock": "uv lock",
    "pdm.lock": "pdm lock",
    "pylock.toml": "uv export --format pylock.toml",
}


def beside(manifest: str, workspace: Workspace) -> Iterator[tuple[str, str]]:
    """The lock files in the folder of `manifest` and above, which cover it, each with what makes it anew."""
    path = PurePosixPath(manifest)
    if path.suffix == ".in":
        compiled = str(path.with_suffix(".txt"))
        if compiled in workspace.files():
            yield compiled, f"run `pip-compile {manifest}`"
    names = NPM if path.name == "package.json" else PYTHON if path.name == "pyproject.toml" else {}
    there = set(workspace.files())
    for folder in path.parents:
        for name, command in names.items():
            lock = str(folder / name)
            if lock in there:
                yield lock, f"run `{command}`"
