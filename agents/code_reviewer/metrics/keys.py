"""Keys that stand twice in one dictionary or object literal."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tree_sitter import Node

from agents.code_reviewer.metrics.interface import RepeatedKey
from agents.code_reviewer.metrics.syntax import PythonCode, same


def in_python(code: PythonCode) -> Iterator[RepeatedKey]:
    """Repeated constant keys of dict displays. 1 and "1" differ; what `**` adds is not known and not compared."""
    for node in code.nodes(ast.Dict):
        seen: dict[tuple[type, object], ast.expr] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str | bytes | int):
                continue
            first = seen.setdefault((type(key.value), key.value), value)
            if first is not value:
                yield RepeatedKey(key.lineno, repr(key.value), same(first, value))


def in_object(node: Node) -> Iterator[RepeatedKey]:
    """Repeated keys of one object literal. A getter and a setter go together; computed keys are not compared."""
    seen: dict[str, Node] = {}
    for member in node.named_children:
        if member.type == "pair":
            key, value = member.child_by_field_name("key"), member.child_by_field_name("value") or member
        elif member.type == "method_definition":
            if any(child.type in {"get", "set"} for child in member.children):
                continue
            key, value = member.child_by_field_name("name"), member
        else:
            continue
        if key is None or key.type not in {"property_identifier", "string", "number"}:
            continue
        name = text(key)[1:-1] if key.type == "string" else text(key)
        first = seen.setdefault(name, value)
        if first is not value and name != "__proto__":
            yield RepeatedKey(key.start_point[0] + 1, name, text(first) == text(value))


def text(node: Node | None) -> str:
    """The source of `node`; empty for None."""
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""
