"""A parsed Python file and what rules ask of it: its nodes by kind, the source of one, whether two are the same."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TypeVar, overload

N = TypeVar("N", bound=ast.AST)
M = TypeVar("M", bound=ast.AST)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef

_LEAVES = (ast.Name, ast.Constant, ast.alias, ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
_NOT_NODES = frozenset(
    {"ctx", "op", "ops", "id", "attr", "arg", "name", "names", "module", "level", "simple", "type_comment"}
)
"""Fields without a node of interest: to skip them spares half of the walk."""

SHOWN = 200
"""Characters of a piece of source in a message."""


class PythonCode:
    """A Python text with its syntax tree, walked once however many rules look at it."""

    def __init__(self, file: str, text: str, tree: ast.Module) -> None:
        self.file = file
        self.tree = tree
        self._text = text
        self._lines: list[str] | None = None
        self._nodes = _by_kind(tree)

    @overload
    def nodes(self, kind: type[N], /) -> Iterator[N]: ...
    @overload
    def nodes(self, kind: type[N], other: type[M], /) -> Iterator[N | M]: ...
    def nodes(self, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
        """All nodes of exactly these kinds, in no particular order. Names, constants and operators are not kept."""
        for kind in kinds:
            yield from self._nodes.get(kind, ())

    def line(self, number: int) -> str:
        """Line `number`, from 1, without its end."""
        if self._lines is None:
            # As the parser counts them: form feeds and Unicode separators end none.
            self._lines = self._text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return self._lines[number - 1]

    def column(self, number: int, offset: int) -> int:
        """The character, from 0, at which byte `offset` of line `number` stands."""
        line = self.line(number)
        return offset if line.isascii() else len(line.encode("utf-8", "replace")[:offset].decode("utf-8", "replace"))

    def source(self, node: ast.expr) -> str:
        """What stands in the file for `node`, cut after `SHOWN` characters."""
        last = node.end_lineno or node.lineno
        lines = [self.line(number) for number in range(node.lineno, last + 1)]
        # The end first: where both stand on one line, cutting the beginning would move it.
        if node.end_col_offset is not None:
            lines[-1] = lines[-1][: self.column(last, node.end_col_offset)]
        lines[0] = lines[0][self.column(node.lineno, node.col_offset) :]
        text = "\n".join(lines)
        return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _by_kind(tree: ast.Module) -> dict[type[ast.AST], list[ast.AST]]:
    found: dict[type[ast.AST], list[ast.AST]] = {}
    fields: dict[type[ast.AST], tuple[str, ...]] = {}
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        kind = type(node)
        if kind not in found:
            found[kind] = []
            fields[kind] = tuple(name for name in kind._fields if name not in _NOT_NODES)
        found[kind].append(node)
        for name in fields[kind]:
            child = getattr(node, name, None)
            if isinstance(child, list):
                pending.extend([item for item in child if isinstance(item, ast.AST) and not isinstance(item, _LEAVES)])
            elif isinstance(child, ast.AST) and not isinstance(child, _LEAVES):
                pending.append(child)
    return found


def within(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """`nodes` and all below them, except what stands in a function, lambda or class defined there: that runs later."""
    pending = list(nodes)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, Scope):
            pending.extend(ast.iter_child_nodes(node))


def dotted(node: ast.AST) -> str | None:
    """`a.b.c` for a name or a chain of attributes, None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def same(first: ast.AST, second: ast.AST) -> bool:
    """Whether both are written the same way, white space and parentheses apart."""
    return type(first) is type(second) and ast.dump(first) == ast.dump(second)


def may_change(node: ast.AST) -> bool:
    """Whether evaluating `node` twice may give two answers or has an effect: a call, an await, an assignment in it."""
    return any(isinstance(part, ast.Call | ast.Await | ast.NamedExpr | ast.Yield | ast.YieldFrom) for part in ast.walk(node))


def number(node: ast.AST) -> int | float | complex | None:
    """The value of a number as written, its sign included, else None. True and False are none."""
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node, sign = node.operand, -1
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | complex) and not isinstance(node.value, bool):
        return sign * node.value
    return None


def string(node: ast.AST) -> str | None:
    """The value of a string as written, else None. Bytes and f-strings are none."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def pairs(node: ast.Compare) -> Iterator[tuple[ast.expr, ast.cmpop, ast.expr]]:
    """The comparisons of a chain: `a < b < c` is `a < b` and `b < c`."""
    left = node.left
    for operator, right in zip(node.ops, node.comparators, strict=True):
        yield left, operator, right
        left = right
