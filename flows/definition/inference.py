"""What an expression can give, from the shapes of what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jinja2 import nodes
from pydantic import JsonValue

from flows.definition import templates
from flows.definition.expressions import path_of
from flows.definition.problems import did_you_mean
from flows.definition.types import ANY, Shape

_FILTERS: dict[str, Shape] = {
    **dict.fromkeys(("join", "lower", "replace", "string", "title", "tojson", "trim", "upper"), Shape.of("string")),
    **dict.fromkeys(("count", "int", "length"), Shape.of("integer")),
    **dict.fromkeys(("float", "round"), Shape.of("number")),
    **dict.fromkeys(("dictsort", "items"), Shape.of("array")),
}
"""Filters that give the same type whatever they take."""
_SAME_ITEMS = frozenset({"list", "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "unique"})
_ONE_ITEM = frozenset({"first", "last", "max", "min"})
_BY_ATTRIBUTE = frozenset({"join", "map", "max", "min", "sort", "sum", "unique"})
_NUMERIC = frozenset({"integer", "number"})
_KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}


@dataclass
class Inference:
    """Finds what expressions give; `wrong` collects (what is wrong, suggestion) for fields that are not there.

    Plain references are not judged here: whoever holds the scope says what is wrong with them.
    """

    scope: Mapping[str, Shape]
    wrong: list[tuple[str, str | None]] = field(default_factory=list)

    def value(self, value: JsonValue) -> Shape:
        """What an input's value gives, templates in it included."""
        match value:
            case str() if templates.is_template(value):
                return self.template(templates.parse(value))
            case list():
                return Shape.listing(Shape.either(self.value(item) for item in value) if value else None)
            case dict():
                return Shape.record({key: self.value(item) for key, item in value.items()})
            case _:
                return Shape.of(_KINDS[type(value)])

    def template(self, template: templates.Template) -> Shape:
        """What a template gives."""
        given = [self.shape(expression) for expression in template.expressions]
        return given[0] if template.whole else Shape.of("string")

    def shape(self, node: nodes.Node) -> Shape:
        """What an expression gives."""
        path = path_of(node)
        if path is not None:
            return self._read(path)
        match node:
            case nodes.Const(value=value):
                given = Shape.of(_KINDS[type(value)]) if type(value) in _KINDS else ANY
            case nodes.List(items=items) | nodes.Tuple(items=items):
                given = Shape.listing(Shape.either([self.shape(item) for item in items]) if items else None)
            case nodes.Dict(items=pairs):
                given = self._mapping(pairs)
            case nodes.Getattr(node=inner, attr=attr):
                given = self._step(self.shape(inner), attr)
            case nodes.Getitem(node=inner, arg=arg):
                given = self._item(self.shape(inner), arg)
            case nodes.Filter(node=nodes.Expr() as inner):
                given = self._filter(node, self.shape(inner))
            case nodes.CondExpr(test=test, expr1=one, expr2=other):
                self.shape(test)
                given = Shape.either([self.shape(one), ANY if other is None else self.shape(other)])
            case nodes.And(left=left, right=right) | nodes.Or(left=left, right=right):
                given = Shape.either([self.shape(left), self.shape(right)])
            case _:
                given = _operated(node, [self.shape(child) for child in node.iter_child_nodes()])
        return given

    def _read(self, path: tuple[str | int, ...]) -> Shape:
        current: Shape | None = self.scope.get(str(path[0]), ANY)
        for step in path[1:]:
            current = current and current.at(step)
        return current or ANY

    def _mapping(self, pairs: list[nodes.Pair]) -> Shape:
        named = {}
        for pair in pairs:
            value = self.shape(pair.value)
            match pair.key:
                case nodes.Const(value=str(key)):
                    named[key] = value
                case key:
                    self.shape(key)
                    return Shape.of("object")
        return Shape.record(named)

    def _step(self, base: Shape, step: str | int, what: str = "") -> Shape:
        below = base.at(step)
        if below is None:
            before = what or f"what stands before '{f'[{step}]' if isinstance(step, int) else f'.{step}'}'"
            hint = did_you_mean(str(step), base.fields) if base.fields else None
            self.wrong.append((f"{before} has no field '{step}'", hint))
        return below or ANY

    def _item(self, base: Shape, arg: nodes.Node) -> Shape:
        match arg:
            case nodes.Const(value=str() | int() as key):
                return self._step(base, key)
            case nodes.Neg(node=nodes.Const(value=int(key))):
                return self._step(base, -key)
            case nodes.Slice():
                return base
        return _items(base) if self.shape(arg).kinds == {"integer"} else ANY

    def _filter(self, node: nodes.Filter, base: Shape) -> Shape:
        given = [self.shape(arg) for arg in node.args]
        named = {str(pair.key): pair.value for pair in node.kwargs}
        for value in named.values():
            self.shape(value)
        items = _items(base)
        if node.name in _BY_ATTRIBUTE and "attribute" in named:
            items = self._attribute(items, named["attribute"], node.name)
        elif node.name in ("selectattr", "rejectattr") and node.args and not _asks_whether_there(node):
            self._attribute(items, node.args[0], node.name)
        if node.name in ("default", "d"):
            return Shape.either([base, given[0] if given else Shape.of("string")])
        if node.name == "map":
            return Shape.listing(items if "attribute" in named and "default" not in named else ANY)
        return _FILTERS.get(node.name) or _filtered(node.name, base, items)

    def _attribute(self, items: Shape, arg: nodes.Node, name: str) -> Shape:
        """What `attribute='a.b'` reads of each item."""
        match arg:
            case nodes.Const(value=int(index)):
                return self._step(items, index, f"an item in '{name}'")
            case nodes.Const(value=str(path)):
                for part in path.split("."):
                    items = self._step(items, int(part) if part.isdecimal() else part, f"an item in '{name}'")
                return items
        return ANY


def _asks_whether_there(node: nodes.Filter) -> bool:
    return any(isinstance(arg, nodes.Const) and arg.value in ("defined", "undefined") for arg in node.args[1:])


def _items(base: Shape) -> Shape:
    """What walking over it gives."""
    if base.kinds == {"array"}:
        return base.items or ANY
    return Shape.of("string") if base.kinds and base.kinds <= {"object", "string"} else ANY


def _operated(node: nodes.Node, given: list[Shape]) -> Shape:
    """What an operator gives, from what it takes."""
    result = ANY
    match node:
        case nodes.Compare() | nodes.Test() | nodes.Not():
            result = Shape.of("boolean")
        case nodes.Concat():
            result = Shape.of("string")
        case nodes.Div():
            result = Shape.of("number")
        case nodes.Add() if all(shape.kinds == {"string"} for shape in given):
            result = Shape.of("string")
        case nodes.Add() if all(shape.kinds == {"array"} for shape in given):
            result = Shape.either(given)
        case nodes.BinExpr() | nodes.UnaryExpr() if all(shape.kinds and shape.kinds <= _NUMERIC for shape in given):
            whole = all(shape.kinds == {"integer"} for shape in given)
            result = Shape.of("integer" if whole else "number")
    return result


def _filtered(name: str, base: Shape, items: Shape) -> Shape:
    """What a filter gives that hands on what it takes; `items` is what it reads of each item."""
    if name in ("abs", "sum"):
        number = base if name == "abs" else items
        return number if number.kinds and number.kinds <= _NUMERIC else Shape.of("integer", "number")
    if name in _ONE_ITEM:
        return _items(base)
    if name == "reverse" and base.kinds == {"string"}:
        return base
    return Shape.listing(_items(base)) if name in _SAME_ITEMS else ANY
