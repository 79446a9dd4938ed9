"""The outline of a Python file in one walk over its statements: functions, their shape, docstrings."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from agents.code_reviewer.metrics.lines import Span

Function = ast.FunctionDef | ast.AsyncFunctionDef
_BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)


@dataclass
class PythonFunction:
    """A function: its qualified name, the functions directly inside it, blocks inside each other at the deepest."""

    node: Function
    name: str
    parameters: int
    inner: list[Span] = field(default_factory=list)
    nesting: int = 0


@dataclass
class Outline:
    """What the walk gathers. `stretch` sums the squared lengths, in lines, of all simple statements."""

    functions: list[PythonFunction] = field(default_factory=list)
    docstrings: list[Span] = field(default_factory=list)
    statements: int = 0
    stretch: int = 0
    unreachable: list[int] = field(default_factory=list)


def outline(tree: ast.Module) -> Outline:
    """Walk `tree`. Functions come in the order of the text."""
    found = Outline()
    _docstring(tree, found)
    _reachability(tree.body, found)
    for statement in tree.body:
        _visit(statement, found, None, 0, "")
    return found


def _visit(node: ast.stmt, found: Outline, owner: PythonFunction | None, depth: int, prefix: str) -> None:
    found.statements += 1
    if isinstance(node, ast.ClassDef | Function):
        _docstring(node, found)
        prefix = f"{prefix}{node.name}"
        if isinstance(node, Function):
            if owner is not None:
                owner.inner.append((node.lineno, node.end_lineno or node.lineno))
            owner, depth = PythonFunction(node, prefix, _parameters(node)), 0
            found.functions.append(owner)
        prefix += "."
    elif isinstance(node, _BLOCKS):
        depth += 1
        if owner is not None:
            owner.nesting = max(owner.nesting, depth)
    if not hasattr(node, "body"):
        found.stretch += ((node.end_lineno or node.lineno) - node.lineno + 1) ** 2
    for block in _blocks(node):
        _reachability(block, found)
        for child in block:
            # An `elif` is an `if` in the else branch: no deeper than the `if` it belongs to.
            is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
            _visit(child, found, owner, depth - is_elif, prefix)


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if block:
            yield block
    for name in ("handlers", "cases"):
        for branch in getattr(node, name, ()):
            yield branch.body


def _reachability(block: list[ast.stmt], found: Outline) -> None:
    for before, dead in pairwise(block):
        if isinstance(before, _LEAVING):
            # `return` before a yield makes an empty generator, on purpose.
            if not any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(dead)):
                found.unreachable.append(dead.lineno)
            return


def _docstring(node: ast.Module | ast.ClassDef | Function, found: Outline) -> None:
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        found.docstrings.append((first.lineno, first.end_lineno or first.lineno))


def _parameters(function: Function) -> int:
    """Parameters a caller may pass by position: keyword-only ones are named at the call, `self` is not passed."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    if arguments and arguments[0].arg in {"self", "cls", "mcs", "mcls"}:
        arguments = arguments[1:]
    return len(arguments)
