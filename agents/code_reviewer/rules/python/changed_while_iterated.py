"""A container changed by the loop that walks over it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode, Scope, may_change, same
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Confidence, Finding, Severity

_SAFE_TO_WALK = re.compile(r"headers|message|msg")
"""Names of what is mostly a mapping of its own kind, which hands out a copy of its keys."""

_LEFT = (ast.Return, ast.Raise)


class ChangedWhileIterated(PythonRule):
    """`items.remove(item)` or `del items[item]` where the loop goes on afterwards."""

    id = "bugs/python-changed-while-iterated"
    severity = Severity.WARNING
    message = "`{items}` changes while the loop walks over it: entries are skipped, or the loop fails."
    remediation = "Walk over a copy, `list({items})`, or build a new container."
    confidence = Confidence.MEDIUM

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for loop in code.nodes(ast.For, ast.AsyncFor):
            for change, items in _changes(loop):
                yield self.at(code, change, items=items)


def _changes(loop: ast.For | ast.AsyncFor) -> Iterator[tuple[ast.Call | ast.Delete, ast.expr]]:
    # A block to look at, whether `break` in it ends `loop`, and whether the loop is left after the block.
    pending: list[tuple[list[ast.stmt], bool, bool]] = [(loop.body, True, False)]
    while pending:
        block, own, left = pending.pop()
        # From its end, so that what follows a statement is known when it is looked at.
        for statement in reversed(block):
            if isinstance(statement, _LEFT) or (own and isinstance(statement, ast.Break)):
                left = True
            elif isinstance(statement, ast.Continue | ast.Break):
                left = False
            elif not isinstance(statement, Scope):
                inner = own and not isinstance(statement, ast.For | ast.AsyncFor | ast.While)
                pending.extend((nested, inner, left) for nested in _blocks(statement))
                if not left:
                    yield from _change(statement, loop)


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        yield getattr(statement, name, None) or []
    for name in ("handlers", "cases"):
        yield from (branch.body for branch in getattr(statement, name, ()))


def _change(statement: ast.stmt, loop: ast.For | ast.AsyncFor) -> Iterator[tuple[ast.Call | ast.Delete, ast.expr]]:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=items, attr="remove"), args=[item]) as call):
            if same(items, loop.iter) and _is_item(item, loop.target) and not may_change(items):
                yield call, items
        case ast.Delete(targets=targets):
            for target in targets:
                if isinstance(target, ast.Subscript) and _walks_keys(loop, target):
                    yield statement, target.value


def _is_item(node: ast.expr, target: ast.expr) -> bool:
    return isinstance(node, ast.Name) and isinstance(target, ast.Name) and node.id == target.id


def _walks_keys(loop: ast.For | ast.AsyncFor, deleted: ast.Subscript) -> bool:
    """Whether `loop` walks over the keys of the plainly named mapping that `deleted` is an entry of."""
    if not isinstance(deleted.value, ast.Name) or _SAFE_TO_WALK.fullmatch(deleted.value.id):
        return False
    key, walked = loop.target, loop.iter
    match walked:
        case ast.Call(func=ast.Attribute(value=mapping, attr="keys"), args=[], keywords=[]):
            walked = mapping
        case ast.Call(func=ast.Attribute(value=mapping, attr="items"), args=[], keywords=[]):
            if not isinstance(key, ast.Tuple) or len(key.elts) != 2:
                return False
            key, walked = key.elts[0], mapping
    return _is_item(deleted.slice, key) and _is_item(deleted.value, walked)
