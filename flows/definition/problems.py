"""What can be wrong with a workflow file, each with its place, a stable code and a suggestion."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from agents.contract.schema import Frozen
from flows.errors import InvalidInputError


class Problem(Frozen):
    """One thing to mend. `line` and `column` count from 1; `code` is stable (DY001…)."""

    code: str
    message: str
    file: str
    line: int = 1
    column: int = 1
    suggestion: str | None = None

    def __str__(self) -> str:
        hint = f" {self.suggestion}" if self.suggestion else ""
        return f"{self.file}:{self.line}:{self.column}: {self.code} {self.message}{hint}"


class DefinitionError(InvalidInputError):
    """The workflow cannot run as written; `problems` lists everything that is wrong."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.line, p.column, p.code)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A suggestion sentence: the nearest known word, else the list of them."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1)
    if near:
        return f"Did you mean '{near[0]}'?"
    return f"Known: {', '.join(names)}." if names else "None are defined."
