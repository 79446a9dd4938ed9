"""What can be wrong with a workflow file, each with its place, a stable code and a suggestion."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import lru_cache

from agents.contract.schema import Frozen
from flows.errors import InvalidInputError

MAX_COMPARED = 48
"""Names that a word is compared with."""
MAX_LISTED = 40
"""Names in a suggestion that lists them."""


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
        # A template that makes one mistake twice is told once.
        self.problems = tuple(sorted(dict.fromkeys(problems), key=lambda p: (p.line, p.column, p.code)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str | None = None) -> str:
    """A suggestion sentence: the nearest known word, else `otherwise` or the list of them."""
    names, turned = _ordered(frozenset(known))
    near = get_close_matches(word, _alike(word, names, turned), n=1)
    if near:
        return f"Did you mean '{near[0]}'?"
    if otherwise is not None:
        return otherwise
    if len(names) > MAX_LISTED:
        return f"Known: {', '.join(names[:MAX_LISTED])} and {len(names) - MAX_LISTED} more."
    return f"Known: {', '.join(names)}." if names else "None are defined."


@lru_cache(maxsize=16)
def _ordered(names: frozenset[str]) -> tuple[list[str], list[str]]:
    """The names by their beginnings, and reversed by their ends."""
    return sorted(names), sorted(name[::-1] for name in names)


def _alike(word: str, names: list[str], turned: list[str]) -> list[str]:
    """The names to compare: of very many, those that begin or end most like `word`, for comparing is slow."""
    if len(names) <= MAX_COMPARED:
        return names
    around = MAX_COMPARED // 4
    by_start, by_end = bisect(names, word), bisect(turned, word[::-1])
    starting = names[max(0, by_start - around) : by_start + around]
    ending = [name[::-1] for name in turned[max(0, by_end - around) : by_end + around]]
    return [*starting, *ending]


def shown_path(names: Sequence[str]) -> str:
    """A way through nodes or workflows, its middle left out where it is very long."""
    if len(names) > MAX_LISTED:
        half = MAX_LISTED // 2
        names = [*names[:half], f"… {len(names) - 2 * half} more …", *names[-half:]]
    return " → ".join(names)
