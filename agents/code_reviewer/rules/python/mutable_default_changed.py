"""A default value that the function changes: every later call sees it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import Function, PythonCode, dotted
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Finding, Severity

_KEPT_ON_PURPOSE = re.compile(r"_|.*(cache|memo|registry|seen)")
_CHANGING = frozenset(
    {"append", "extend", "insert", "remove", "pop", "clear", "add", "discard", "update", "setdefault", "popitem",
     "sort", "reverse"}
)  # fmt: skip
_CONTAINERS = frozenset({"list", "dict", "set"})


class MutableDefaultChanged(PythonRule):
    """Only of a default that is empty and not named as a cache.

    One with something in it is mostly a static variable in disguise.
    """

    id = "bugs/python-mutable-default-changed"
    severity = Severity.WARNING
    message = (
        "`{arg}` is created once, when the function is defined, and changed here: the next call sees what this one left."
    )
    remediation = "Default to None and create the container inside the function."

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for function in code.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
            names = _empty_defaults(function)
            if names:
                for node, name in _changes(function, names):
                    yield self.at(code, node, arg=name)


def _empty_defaults(function: Function) -> set[str]:
    """Parameters that default to an empty container."""
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [*zip(positional[len(positional) - len(given.defaults) :], given.defaults, strict=True)]
    pairs = [*defaults, *((name, value) for name, value in zip(given.kwonlyargs, given.kw_defaults, strict=True) if value)]
    return {name.arg for name, value in pairs if _is_empty(value) and not _KEPT_ON_PURPOSE.match(name.arg)}


def _is_empty(node: ast.expr) -> bool:
    if isinstance(node, ast.List):
        return not node.elts
    if isinstance(node, ast.Dict):
        return not node.keys
    return isinstance(node, ast.Call) and not node.args and not node.keywords and dotted(node.func) in _CONTAINERS


def _changes(function: Function, names: set[str]) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    parts = [part for statement in function.body for part in ast.walk(statement)]
    grown = {id(part.target) for part in parts if isinstance(part, ast.AugAssign)}
    stored = [part for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]
    anew = {part.id for part in stored if id(part) not in grown}
    # A function inside has a parameter of this name: which of the two is meant further on is not decided here.
    anew |= {part.arg for part in parts if isinstance(part, ast.arg)}
    for part in parts:
        if isinstance(part, ast.expr | ast.stmt):
            yield from ((part, name) for name in _changed(part) if name in names - anew)


def _changed(node: ast.expr | ast.stmt) -> Iterator[str]:
    """Names of the containers that `node` itself changes."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _CHANGING:
            yield name
        case ast.AugAssign(target=ast.Name(id=name), op=ast.Add() | ast.BitOr()):
            yield name
        case ast.AugAssign(target=ast.Subscript(value=ast.Name(id=name)), op=ast.Add()):
            yield name
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            yield from (t.value.id for t in targets if isinstance(t, ast.Subscript) and isinstance(t.value, ast.Name))
