"""A checked workflow, and what its nodes answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from agents.catalog import catalog
from agents.contract.manifest import Manifest
from agents.contract.schema import Report
from flows.definition.branches import Branches
from flows.definition.graph import Graph
from flows.definition.schema import Node, Workflow
from flows.definition.types import ANY, Shape, shape_of


@dataclass(frozen=True)
class Definition:
    """A checked workflow with the text it came from, and the workflows that are nodes of it, by name."""

    text: str
    workflow: Workflow
    graph: Graph
    subs: Mapping[str, Definition] = field(default_factory=dict)
    report: Shape = field(default=ANY, compare=False, repr=False)
    """What it answers as a node of another workflow."""
    manifests: Mapping[str, Manifest] = field(default_factory=catalog, compare=False, repr=False)
    """The agents that it was checked against, by name."""

    def manifest(self, node: Node) -> Manifest:
        """The manifest of a node's agent; the node is this workflow's or one's that it runs."""
        return self.manifests[node.agent or ""]

    def agents(self) -> frozenset[str]:
        """The names of all agents that it runs, also by the workflows that it runs."""
        own = frozenset(node.agent for node in self.workflow.all_nodes if node.agent is not None)
        return own.union(*(sub.agents() for sub in self.subs.values()))

    def texts(self) -> dict[str, str]:
        """The texts of all workflows that it runs, by name: with them it can be loaded again as it is now."""
        found: dict[str, str] = {}
        for name, sub in self.subs.items():
            found |= {name: sub.text, **sub.texts()}
        return found


def report_of(node: Node, manifests: Mapping[str, Manifest], subs: Mapping[str, Definition]) -> Shape:
    """What `<node>.output` holds: its agent's report or its workflow's, a list of them for a `for_each`.

    Anything where the agent or the workflow is not known.
    """
    one = ANY
    if node.agent is not None and node.agent in manifests:
        one = shape_of(manifests[node.agent].report)
    elif node.workflow is not None and node.workflow in subs:
        one = subs[node.workflow].report
    return one if node.for_each is None else Shape.listing(one)


def report_of_workflow(
    workflow: Workflow, branches: Branches, manifests: Mapping[str, Manifest], subs: Mapping[str, Definition]
) -> Shape:
    """What a node that runs `workflow` holds: findings of all its nodes together, and each node's report."""
    common = _report_fields()
    nodes = {node.id: report_of(node, manifests, subs) for node in workflow.all_nodes}
    reports = Shape.record(nodes, optional=branches.silent)
    return Shape.record({**{name: common[name] for name in ("summary", "findings", "notes")}, "nodes": reports})


@lru_cache(maxsize=1)
def _report_fields() -> Mapping[str, Shape]:
    return shape_of(Report).fields
