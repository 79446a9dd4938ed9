"""A definition turned round, for who runs it: who waits for a node, and for how many a node waits. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flows.definition.loader import Definition
from flows.definition.schema import Node


@dataclass(frozen=True)
class Plan:
    """What a workflow's scopes share. `ends` are the main nodes that nothing in the main part waits for.

    `waits_for` counts, for a node of `finally`, the whole main part as one more.
    """

    definition: Definition
    dependents: Mapping[str, tuple[str, ...]]
    waits_for: Mapping[str, int]
    handled: Mapping[str, tuple[str, ...]]
    last: frozenset[str]
    ends: tuple[str, ...]
    _parts: dict[str, Plan] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, definition: Definition) -> Plan:
        """The plan of a definition; linear in nodes and edges."""
        workflow, dependencies = definition.workflow, definition.graph.dependencies
        dependents: dict[str, list[str]] = {node.id: [] for node in workflow.all_nodes}
        handled: dict[str, list[str]] = {}
        for node in workflow.all_nodes:
            for other in dependencies[node.id]:
                dependents[other].append(node.id)
            if node.handler is not None:
                handled.setdefault(node.handler, []).append(node.id)
        last = frozenset(node.id for node in workflow.finally_)
        return cls(
            definition=definition,
            dependents={node_id: tuple(found) for node_id, found in dependents.items()},
            waits_for={node.id: len(dependencies[node.id]) + (node.id in last) for node in workflow.all_nodes},
            handled={node_id: tuple(found) for node_id, found in handled.items()},
            last=last,
            ends=tuple(node.id for node in workflow.nodes if last.issuperset(dependents[node.id])),
        )

    def part(self, node: Node) -> Plan:
        """The plan of the sub-workflow that `node` names, made once. Raises KeyError for a node that names none."""
        name = node.workflow or ""
        if name not in self._parts:
            self._parts[name] = Plan.of(self.definition.subs[name])
        return self._parts[name]


def shown(seconds: float | None) -> str:
    """A duration as a workflow writes it: 90s, 10m, 2h."""
    if seconds is None:
        return "no limit"
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
