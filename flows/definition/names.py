"""Whether what is named is there: ids, agents and edges (DY003, DY004, DY007), and defaults of params (DY013)."""

from __future__ import annotations

from collections.abc import Iterator

from flows.definition import types
from flows.definition.draft import Draft
from flows.definition.problems import Problem, did_you_mean


def check(draft: Draft) -> Iterator[Problem]:
    """Every problem of names and params."""
    yield from _params(draft)
    yield from _nodes(draft)
    for index, edge in enumerate(draft.workflow.edges):
        for key, node_id in (("from", edge.from_), ("to", edge.to)):
            if node_id not in draft.places:
                message = f"there is no node '{node_id}'."
                yield draft.problem("DY007", message, ("edges", index, key), did_you_mean(node_id, draft.places))


def _params(draft: Draft) -> Iterator[Problem]:
    for name, param in draft.workflow.params.items():
        for index, choice in enumerate(param.enum or ()):
            if reason := types.check_param(param.model_copy(update={"enum": None}), choice):
                yield draft.problem("DY013", f"a choice of '{name}' {reason}.", ("params", name, "enum", index))
        if param.default is not None and (reason := types.check_param(param, param.default)):
            yield draft.problem("DY013", f"the default of '{name}' {reason}.", ("params", name, "default"))


def _nodes(draft: Draft) -> Iterator[Problem]:
    seen: set[str] = set()
    for node, place in draft.nodes:
        if node.id in seen:
            yield draft.problem("DY003", f"the id '{node.id}' stands twice.", (*place, "id"))
        seen.add(node.id)
        if node.agent is not None and node.agent not in draft.manifests:
            hint = did_you_mean(node.agent, draft.manifests)
            yield draft.problem("DY004", f"there is no agent '{node.agent}'.", (*place, "agent"), hint)
