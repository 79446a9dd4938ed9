"""The DAG: who waits for whom, written by edges or implied by templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from flows.definition import templates
from flows.definition.schema import Node, Workflow


def texts(node: Node) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every template of a node with its place in the node: `(("inputs", "message"), "{{ … }}")`."""
    if node.when is not None:
        yield ("when",), node.when
    yield from _templates(("inputs",), node.inputs)


def _templates(place: tuple[str | int, ...], value: JsonValue) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str) and templates.is_template(value):
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _templates((*place, key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _templates((*place, index), item)


@dataclass(frozen=True)
class Graph:
    """Dependencies by node id, in the workflow's order."""

    dependencies: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, workflow: Workflow) -> Graph:
        """The graph of a workflow whose templates parse. Unknown ids in edges are left out."""
        known = {node.id for node in workflow.nodes}
        waits: dict[str, set[str]] = {node.id: set() for node in workflow.nodes}
        for edge in workflow.edges:
            if edge.from_ in known and edge.to in known:
                waits[edge.to].add(edge.from_)
        for node in workflow.nodes:
            for _, text in texts(node):
                for reference in templates.parse(text).references:
                    if reference.path[0] in known:
                        waits[node.id].add(str(reference.path[0]))
        return cls({node_id: frozenset(found) for node_id, found in waits.items()})

    @cached_property
    def order(self) -> tuple[str, ...]:
        """A topological order that keeps the file's order where it can; nodes on a cycle are left out."""
        waiting = {node_id: len(found) for node_id, found in self.dependencies.items()}
        dependents: dict[str, list[str]] = {node_id: [] for node_id in self.dependencies}
        for node_id, found in self.dependencies.items():
            for dependency in found:
                dependents[dependency].append(node_id)
        ready = [node_id for node_id, count in waiting.items() if count == 0]
        done = []
        for node_id in ready:  # grows while it is walked
            done.append(node_id)
            for dependent in dependents[node_id]:
                waiting[dependent] -= 1
                if waiting[dependent] == 0:
                    ready.append(dependent)
        return tuple(done)

    def cycle(self) -> tuple[str, ...] | None:
        """One cycle as a path that ends where it starts, or None."""
        rest = set(self.dependencies) - set(self.order)
        if not rest:
            return None
        current = min(rest)
        path: list[str] = []
        while current not in path:
            path.append(current)
            current = min(self.dependencies[current] & rest)
        # The walk went against the arrows: turn it round so that it reads as "a, then b".
        return tuple(reversed([*path[path.index(current) :], current]))
