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
    if node.for_each is not None:
        items = node.for_each.items
        yield from templates_of(("for_each",), items if isinstance(items, str) else list(items))
    yield from templates_of(("inputs",), node.inputs)
    if node.repeat is not None:
        yield ("repeat", "until"), node.repeat.until


def templates_of(place: tuple[str | int, ...], value: JsonValue) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every template in a value at `place`, with its own place."""
    if isinstance(value, str) and templates.is_template(value):
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from templates_of((*place, key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from templates_of((*place, index), item)


def _roots(text: str) -> frozenset[str]:
    try:
        return frozenset(str(reference.path[0]) for reference in templates.parse(text).references)
    except templates.TemplateProblemError:
        return frozenset()


@dataclass(frozen=True)
class Graph:
    """Dependencies by node id, in the workflow's order: edges, what templates read, and whose failure a node handles.

    The nodes of `finally` stand last; that they wait for all of `nodes` is not written out.
    """

    dependencies: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, workflow: Workflow, *, handlers: bool = True) -> Graph:
        """The graph of a workflow, without `handlers` as if nobody waited to handle a failure.

        Unknown ids and templates that cannot be read are left out: they are problems of their own.
        """
        waits: dict[str, set[str]] = {node.id: set() for node in workflow.all_nodes}
        for edge in workflow.edges:
            if edge.from_ in waits and edge.to in waits:
                waits[edge.to].add(edge.from_)
        for node in workflow.all_nodes:
            if handlers and node.handler in waits:
                waits[node.handler].add(node.id)
            for place, text in texts(node):
                for root in _roots(text):
                    # A loop's condition reads the node itself: its last turn.
                    if root in waits and (root != node.id or place != ("repeat", "until")):
                        waits[node.id].add(root)
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
