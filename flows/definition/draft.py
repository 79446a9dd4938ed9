"""A workflow while it is checked: the file, the model, and what its names mean."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from agents.contract.manifest import Manifest
from flows.definition import templates
from flows.definition.branches import Branches
from flows.definition.definition import Definition, report_of
from flows.definition.graph import Graph, texts
from flows.definition.inference import Inference
from flows.definition.places import Document, Place
from flows.definition.problems import Problem
from flows.definition.schema import Node, Workflow
from flows.definition.types import ANY, Shape

RUN_FIELDS = frozenset({"id", "name", "workflow", "repository", "ref", "commit"})
BUILT_IN_PARAMS = frozenset({"repository", "ref"})
WHEN: Place = ("when",)
UNTIL: Place = ("repeat", "until")


@dataclass(frozen=True)
class Text:
    """One template of a node: where it stands in the file and in the node, and what it says."""

    place: Place
    inner: Place
    template: templates.Template


@dataclass(frozen=True)
class Draft:
    """What every check is given. `subs` are the sound ones of the workflows that nodes name."""

    document: Document
    workflow: Workflow
    manifests: Mapping[str, Manifest]
    subs: Mapping[str, Definition]

    def problem(self, code: str, message: str, place: Place, suggestion: str | None = None, *, key: bool = False) -> Problem:
        """A problem at `place` of the file."""
        return self.document.problem(code, message, place, suggestion, key=key)

    @cached_property
    def nodes(self) -> tuple[tuple[Node, Place], ...]:
        """Every node with its place, those of `finally` last."""
        parts = (("nodes", self.workflow.nodes), ("finally", self.workflow.finally_))
        return tuple((node, (key, index)) for key, part in parts for index, node in enumerate(part))

    @cached_property
    def places(self) -> Mapping[str, Place]:
        """Where each id stands first."""
        return {node.id: place for node, place in reversed(self.nodes)}

    @cached_property
    def last(self) -> frozenset[str]:
        """The ids of `finally`."""
        return frozenset(node.id for node in self.workflow.finally_)

    @cached_property
    def graph(self) -> Graph:
        """Who waits for whom, as far as the templates can be read."""
        return Graph.of(self.workflow)

    @cached_property
    def branches(self) -> Branches:
        """Which nodes can be skipped, and which cannot start. For a graph without a circle."""
        return Branches(self.workflow, self.graph)

    def texts(self, node: Node, place: Place) -> Iterator[Text]:
        """The templates of a node that can be read."""
        for inner, text in texts(node):
            try:
                yield Text((*place, *inner), inner, templates.parse(text))
            except templates.TemplateProblemError:  # a problem of its own
                continue

    @cached_property
    def _shared(self) -> dict[str, Shape]:
        params = {name: Shape.of("string") for name in BUILT_IN_PARAMS}
        params |= {name: Shape.of(param.type.value) for name, param in self.workflow.params.items()}
        run = {name: Shape.of("string") for name in RUN_FIELDS}
        views = {node.id: view(report_of(node, self.manifests, self.subs)) for node, _ in reversed(self.nodes)}
        return {**views, "params": Shape.record(params), "run": Shape.record(run)}

    @cached_property
    def _items(self) -> Mapping[str, Shape]:
        """What `item` stands for, by the ids of nodes with `for_each`."""
        listed = [(node.id, node.for_each.items) for node, _ in reversed(self.nodes) if node.for_each is not None]
        return {node_id: _held(self.given(items, self._shared)) for node_id, items in listed}

    def scope(self, node: Node, inner: Place) -> Mapping[str, Shape]:
        """What the names in a template of `node` stand for, by where the template stands in it."""
        if inner == UNTIL:
            one = node.model_copy(update={"for_each": None})
            own = {node.id: view(report_of(one, self.manifests, self.subs))}
        else:
            own = {}
        if node.for_each is not None and inner[0] in ("inputs", "repeat"):
            own["item"] = self._items[node.id]
        return ChainMap(own, self._shared) if own else self._shared

    def given(self, value: object, scope: Mapping[str, Shape]) -> Shape:
        """What a value of the file gives; anything where a template in it cannot be read."""
        try:
            return Inference(scope).value(list(value) if isinstance(value, tuple) else value)  # type: ignore[arg-type] # JSON
        except templates.TemplateProblemError:
            return ANY


def view(report: Shape) -> Shape:
    """What `<node>` stands for, from what its `output` holds."""
    return Shape.record({"output": report, "status": Shape.of("string"), "error": Shape.of("string", "null")})


def _held(listed: Shape) -> Shape:
    return (listed.items or ANY) if listed.kinds == {"array"} else ANY
