"""Exception handlers that do nothing, for the rules that tell by what they catch."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode, dotted


def ignoring(code: PythonCode, *caught: str | None) -> Iterator[ast.stmt]:
    """The `pass` or `...` that is all of a handler of one of `caught` (None: of `except:`), no comment beside it.

    Nothing is lost where all that is tried is a raise: tests do so to have an exception that was handled.
    """
    for node in code.nodes(ast.Try, ast.TryStar):
        if len(node.body) == 1 and isinstance(node.body[0], ast.Raise):
            continue
        for handler in node.handlers:
            nothing = handler.body[0]
            empty = len(handler.body) == 1 and _does_nothing(nothing)
            if empty and _catches(handler) in caught and not _commented(code, handler, nothing):
                yield nothing


def _catches(handler: ast.ExceptHandler) -> str | None:
    return None if handler.type is None else dotted(handler.type) or "several"


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass):
        return True
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and statement.value.value is ...


def _commented(code: PythonCode, handler: ast.ExceptHandler, nothing: ast.stmt) -> bool:
    # Between what is caught and the end of the line of `pass` stand only a name, a colon and comments.
    caught = handler.type
    first, offset = (handler.lineno, handler.col_offset) if caught is None else (caught.end_lineno, caught.end_col_offset)
    first = first or handler.lineno
    lines = [code.line(number) for number in range(first, nothing.lineno + 1)]
    lines[0] = lines[0][code.column(first, offset or 0) :]
    return "#" in "\n".join(lines)
