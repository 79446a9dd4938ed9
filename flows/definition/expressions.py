"""What a template's expressions read, from Jinja2's own tree: which paths, and which of them are known to be there."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from jinja2 import nodes

Path: TypeAlias = tuple[str | int, ...]

_COMPARISONS: dict[str, Callable[..., bool]] = {
    "eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "gteq": operator.ge, "lt": operator.lt, "lteq": operator.le
}  # fmt: skip
_EQUAL = ("eq", "equalto", "==")
_NOTHING: frozenset[Path] = frozenset()


@dataclass(frozen=True)
class Reference:
    """A dotted path read by a template, e.g. `("scan", "output", "findings")`; `optional` under a default.

    `present` are paths that are there wherever this one is read, since a condition before it asks for them.
    """

    path: Path
    optional: bool
    present: frozenset[Path] = _NOTHING


def written(path: Path) -> str:
    """A path as a template writes it."""
    first, *rest = path
    return str(first) + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest)


def path_of(node: nodes.Node | None) -> Path | None:
    """The dotted path of a plain reference, or None for any other expression."""
    # Asked for every node of every template: a loop over exact types, several times as fast as patterns and recursion.
    steps: list[str | int] = []
    while True:
        if type(node) is nodes.Name:
            return (node.name, *reversed(steps))
        if type(node) is nodes.Getattr:
            steps.append(node.attr)
        elif type(node) is nodes.Getitem and type(node.arg) is nodes.Const and isinstance(node.arg.value, str | int):
            steps.append(node.arg.value)
        else:
            return None
        node = node.node


def references(node: nodes.Node, *, optional: bool = False, present: frozenset[Path] = _NOTHING) -> Iterator[Reference]:
    """Every path that `node` reads, in order."""
    path = path_of(node)
    if path is not None:
        yield Reference(path, optional, present)
        return
    match node:
        case nodes.And(left=left, right=right) | nodes.Or(left=left, right=right):
            yield from references(left, present=present)
            yield from references(right, present=present | ensured(left, truth=isinstance(node, nodes.And)))
            return
        case nodes.CondExpr(test=test, expr1=one, expr2=other):
            yield from references(test, present=present)
            yield from references(one, optional=optional, present=present | ensured(test, truth=True))
            if other is not None:
                yield from references(other, optional=optional, present=present | ensured(test, truth=False))
            return
        case nodes.Getattr() | nodes.Getitem():
            forgiven = optional  # what is missing stays missing down the chain
        case _:
            forgiven = _is_default(node) or (isinstance(node, nodes.Test) and node.name in ("defined", "undefined"))
    # Only the value itself is forgiven: neither a default's own arguments nor a sum inside the brackets.
    for child in node.iter_child_nodes():
        yield from references(child, optional=forgiven and child is getattr(node, "node", None), present=present)


def _is_default(node: nodes.Node | None) -> bool:
    return isinstance(node, nodes.Filter) and node.name in ("default", "d")


def ensured(node: nodes.Node, *, truth: bool) -> frozenset[Path]:
    """Paths that are there whenever `node` is true (or, with `truth` false, whenever it is false)."""
    found = _NOTHING
    match node:
        case nodes.Not(node=inner):
            found = ensured(inner, truth=not truth)
        case nodes.And(left=left, right=right) | nodes.Or(left=left, right=right):
            one, other = ensured(left, truth=truth), ensured(right, truth=truth)
            found = one | other if isinstance(node, nodes.And) is truth else one & other
        case nodes.Test():
            found = _tested(node, truth=truth)
        case nodes.Compare(expr=left, ops=[nodes.Operand(op=op, expr=right)]):
            found = _compared(left, op, right, truth=truth)
        case nodes.Filter() if (default := _defaulted(node)) and bool(default[1]) is not truth:
            found = frozenset({default[0]})  # the default would have counted as the other truth
        case nodes.Getattr() | nodes.Getitem() if not truth:
            found = _completed(node, "error")  # only a node that completed has no error
    return found


def _tested(node: nodes.Test, *, truth: bool) -> frozenset[Path]:
    path = path_of(node.node)
    match node:
        case nodes.Test(name="defined" | "undefined") if path and (node.name == "defined") is truth:
            return frozenset({path})
        case nodes.Test(name="none") if truth:
            return _completed(node.node, "error")
        case nodes.Test(name=name, args=[nodes.Const(value="completed")]) if truth and name in _EQUAL:
            return _completed(node.node, "status")
    return _NOTHING


def _completed(node: nodes.Node | None, read: str) -> frozenset[Path]:
    match path_of(node):
        case (root, field) if field == read:
            return frozenset({(root, "output")})
        case _:
            return _NOTHING


def _compared(left: nodes.Node, op: str, right: nodes.Node, *, truth: bool) -> frozenset[Path]:
    if op in ("eq", "ne") and (op == "eq") is truth:
        for one, other in ((left, right), (right, left)):
            match other:
                case nodes.Const(value="completed"):
                    found = _completed(one, "status")
                case nodes.Const(value=None):
                    found = _completed(one, "error")
                case _:
                    continue
            if found:
                return found
    match right:
        case nodes.List(items=[nodes.Const(value="completed")]) | nodes.Tuple(items=[nodes.Const(value="completed")]):
            if (op == "in" and truth) or (op == "notin" and not truth):
                return _completed(left, "status")
        case nodes.Const(value=bound) if (found_default := _defaulted(left)) and op in _COMPARISONS:
            try:
                without = _COMPARISONS[op](found_default[1], bound)
            except TypeError:  # such a comparison fails when it is rendered
                return _NOTHING
            return frozenset({found_default[0]}) if without is not truth else _NOTHING
    return _NOTHING


def _defaulted(node: nodes.Node) -> tuple[Path, object] | None:
    """The path and the value instead of `path | default(constant)`."""
    if isinstance(node, nodes.Filter) and _is_default(node) and not node.kwargs:
        path = path_of(node.node)
        match node.args:
            case [nodes.Const(value=instead), *_] if path:
                return path, instead
            case [] if path:
                return path, ""
    return None


def conjuncts(node: nodes.Node) -> Iterator[nodes.Node]:
    """What must all be true for `node` to be true."""
    if isinstance(node, nodes.And):
        yield from conjuncts(node.left)
        yield from conjuncts(node.right)
    else:
        yield node
