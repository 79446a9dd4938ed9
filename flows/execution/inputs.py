"""A node's templates, rendered: its condition, its items, its inputs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from pydantic import JsonValue

from flows.definition import templates
from flows.definition.graph import texts
from flows.definition.schema import MAX_FAN_OUT, Node

Scope: TypeAlias = Mapping[str, JsonValue]
"""What templates can read, by name: `params`, `run`, nodes by id, `item`."""


def holds(condition: str, scope: Scope) -> bool:
    """Whether `condition`, a `when` or an `until`, is true. Raises TemplateProblemError."""
    return bool(templates.render(templates.parse(condition), scope))


def items_of(node: Node, scope: Scope) -> list[JsonValue] | None:
    """What a fan-out goes over, None for a node that is none. Raises TemplateProblemError."""
    if node.for_each is None:
        return None
    items = node.for_each.items
    found = rendered(items if isinstance(items, str) else list(items), scope)
    if not isinstance(found, list):
        raise templates.TemplateProblemError(f"`for_each` takes a list, not {_kind(found)}")
    if len(found) > MAX_FAN_OUT:
        raise templates.TemplateProblemError(f"`for_each` takes at most {MAX_FAN_OUT} items, not {len(found)}")
    return found


class Inputs:
    """A node's inputs. What does not read the item is rendered once, however many items there are."""

    def __init__(self, node: Node, scope: Scope) -> None:
        self._node = node
        self._scope = scope
        self._of_items = {
            str(place[1])
            for place, text in texts(node)
            if place[0] == "inputs" and any(found.path[0] == "item" for found in templates.parse(text).references)
        }
        self._shared: dict[str, JsonValue] | None = None

    def of(self, scope: Scope) -> dict[str, JsonValue]:
        """The inputs of one turn; `scope` may hold an item. Raises TemplateProblemError."""
        if self._shared is None:
            shared = {name for name in self._node.inputs if name not in self._of_items}
            self._shared = {name: rendered(self._node.inputs[name], self._scope) for name in shared}
        own = {name: rendered(self._node.inputs[name], scope) for name in self._of_items}
        return {name: own[name] if name in own else self._shared[name] for name in self._node.inputs}


def rendered(value: JsonValue, scope: Scope) -> JsonValue:
    """`value` with every template in it rendered. Raises TemplateProblemError."""
    if isinstance(value, str):
        return templates.render(templates.parse(value), scope) if templates.is_template(value) else value
    if isinstance(value, dict):
        return {key: rendered(item, scope) for key, item in value.items()}
    if isinstance(value, list):
        return [rendered(item, scope) for item in value]
    return value


def _kind(value: JsonValue) -> str:
    names = {str: "text", bool: "a truth value", int: "a number", float: "a number", dict: "a mapping"}
    return names.get(type(value), "nothing")
