"""Counting code lines: those that are not blank, not only a comment and not a docstring."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from agents.code_reviewer.languages import Language

Span = tuple[int, int]
"""First and last line of something, counted from 1, both included."""


class CodeLines:
    """Which lines of a text are code; `between` counts them in a range, `comments` those of comments alone."""

    def __init__(self, mask: list[bool], comments: int = 0) -> None:
        self.lines = len(mask)
        self.comments = comments
        # Running totals, so that a range costs two look-ups however many functions a file has.
        self._upto = [0]
        for is_code in mask:
            self._upto.append(self._upto[-1] + is_code)

    @property
    def total(self) -> int:
        """Code lines of the whole text."""
        return self._upto[-1]

    def between(self, first: int, last: int) -> int:
        """Code lines from line `first` to line `last`, counted from 1, both included."""
        last = min(last, self.lines)
        return self._upto[last] - self._upto[min(first - 1, last)]

    def own(self, first: int, last: int, inner: Iterable[Span]) -> int:
        """Code lines of a function without the bodies of the functions `inner`, which count for themselves."""
        return max(1, self.between(first, last) - sum(self.between(start + 1, end) for start, end in inner))


def split(text: str) -> list[str]:
    """Lines as compilers count them: form feeds and Unicode separators end none, unlike `str.splitlines`."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def count(text: str, language: Language) -> CodeLines:
    """Code lines of `text` by the comment marks of `language`; marks inside strings at a line's start count as marks."""
    mask = []
    end: str | None = None
    for raw in split(text):
        line, code = raw.strip(), False
        while line:
            if end is not None:
                _, found, line = line.partition(end)
                line = line.strip()
                if found:
                    end = None
                continue
            opening = next((pair for pair in language.block if line.startswith(pair[0])), None)
            if opening is not None:
                line, end = line[len(opening[0]) :], opening[1]
                continue
            if not line.startswith(language.line):
                code = True
                end = _left_open(line, language)
            break
        mask.append(code)
    return CodeLines(mask)


def _left_open(line: str, language: Language) -> str | None:
    """The end mark of a block comment that begins after code on `line` and goes on, or None."""
    for start, end in language.block:
        place = line.rfind(start)
        # After a quote the mark may be part of a string ("src/**/*.js"): then it opens nothing.
        if place > 0 and end not in line[place + len(start) :] and not set(line[:place]) & set("\"'`"):
            return end
    return None


def count_python(text: str, tree: ast.Module, docstrings: Sequence[Span]) -> CodeLines:
    """Code lines of a Python text, exact with its syntax tree: `#` inside a string is code, docstrings are not."""
    lines = split(text)
    documented = {number for first, last in docstrings for number in range(first, last + 1)}
    inside_string: set[int] = set()
    # Expressions are most of a tree: walk them only where a long string other than a docstring can be.
    if text.count('"""') + text.count("'''") > 2 * len(docstrings):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno != node.lineno:
                inside_string.update(range(node.lineno + 1, (node.end_lineno or node.lineno) + 1))
    mask, comments = [], 0
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        is_comment = number in documented or (number not in inside_string and stripped.startswith("#"))
        comments += is_comment
        mask.append(bool(stripped) and not is_comment)
    return CodeLines(mask, comments)
