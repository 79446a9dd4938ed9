"""Finding the line of a declaration, and reading files that may lie behind links."""

from __future__ import annotations

import re

from agents.contract.workspace import Workspace


def line_at(text: str, offset: int) -> int:
    """The line, from 1, of a character offset."""
    return text.count("\n", 0, offset) + 1


def line_of(text: str, pattern: str, start: int = 0) -> int:
    """The line, from 1, of the first match of `pattern` at or after `start`; 1 where there is none."""
    match = re.compile(pattern, re.MULTILINE | re.IGNORECASE).search(text, start)
    return line_at(text, match.start()) if match else 1


def is_inside(workspace: Workspace, file: str) -> bool:
    """Whether `file`, links followed, is a regular file within the workspace."""
    path = workspace.path(file).resolve()
    return path.is_relative_to(workspace.root.resolve()) and path.is_file()
