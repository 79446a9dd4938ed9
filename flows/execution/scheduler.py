"""What is ready, skipped or failed. Pure: no clock, no I/O, no Prefect.

| `run_if`  | every dependency completed | one failed or timed out | one was skipped, none failed |
|-----------|----------------------------|-------------------------|------------------------------|
| `success` | starts                     | skipped                 | skipped                      |
| `failure` | skipped                    | starts                  | skipped                      |
| `always`  | starts                     | starts                  | starts                       |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from pydantic import JsonValue

from flows.definition import templates
from flows.definition.graph import Graph
from flows.definition.schema import Node, RunIf, Workflow
from flows.definition.status import NodeStatus


@dataclass(frozen=True)
class Outcome:
    """How a node ended, as other nodes see it. `output` is its report, None without one."""

    status: NodeStatus
    output: dict[str, JsonValue] | None = None
    error: str | None = None


@dataclass(frozen=True)
class Turn:
    """What follows from the outcomes so far: inputs of nodes to start now, and nodes that ended unstarted."""

    ready: Mapping[str, dict[str, JsonValue]]
    ended: Mapping[str, Outcome]


def next_turn(
    workflow: Workflow,
    graph: Graph,
    outcomes: Mapping[str, Outcome],
    started: AbstractSet[str],
    values: Mapping[str, JsonValue],
) -> Turn:
    """Decide for every node that neither ended nor started. `values` holds `params` and `run`."""
    known = dict(outcomes)
    ready: dict[str, dict[str, JsonValue]] = {}
    for node_id in graph.order:  # in topological order one pass sees skips that follow from skips
        if node_id in known or node_id in started:
            continue
        if any(dependency not in known for dependency in graph.dependencies[node_id]):
            continue
        decision = _decide(workflow.node(node_id), graph, known, values)
        if isinstance(decision, Outcome):
            known[node_id] = decision
        else:
            ready[node_id] = decision
    return Turn(ready, {node_id: outcome for node_id, outcome in known.items() if node_id not in outcomes})


def _decide(
    node: Node, graph: Graph, outcomes: Mapping[str, Outcome], values: Mapping[str, JsonValue]
) -> Outcome | dict[str, JsonValue]:
    if reason := _why_not(node, graph, outcomes):
        return Outcome(NodeStatus.SKIPPED, error=reason)
    scope = {**values, **{node_id: _view(outcomes[node_id]) for node_id in graph.dependencies[node.id]}}
    try:
        if node.when is not None and not templates.render(templates.parse(node.when), scope):
            return Outcome(NodeStatus.SKIPPED, error="its condition `when` was false")
        return {name: _rendered(value, scope) for name, value in node.inputs.items()}
    except templates.TemplateProblemError as error:
        return Outcome(NodeStatus.FAILED, error=str(error))


def _why_not(node: Node, graph: Graph, outcomes: Mapping[str, Outcome]) -> str | None:
    bad = [f"'{i}' {outcomes[i].status.value}" for i in _unsuccessful(node, graph, outcomes)]
    match node.run_if:
        case RunIf.ALWAYS:
            return None
        case RunIf.SUCCESS:
            return f"it needs success, but {', '.join(bad)}" if bad else None
        case RunIf.FAILURE:
            failed = any(outcomes[i].status.failed for i in graph.dependencies[node.id])
            return None if failed else "nothing it waits for failed"


def _unsuccessful(node: Node, graph: Graph, outcomes: Mapping[str, Outcome]) -> Iterator[str]:
    return (i for i in sorted(graph.dependencies[node.id]) if not outcomes[i].status.ok)


def _view(outcome: Outcome) -> JsonValue:
    view: dict[str, JsonValue] = {"status": outcome.status.value, "error": outcome.error}
    if outcome.output is not None:
        view["output"] = outcome.output
    return view


def _rendered(value: JsonValue, scope: Mapping[str, JsonValue]) -> JsonValue:
    if isinstance(value, str):
        return templates.render(templates.parse(value), scope) if templates.is_template(value) else value
    if isinstance(value, dict):
        return {key: _rendered(item, scope) for key, item in value.items()}
    if isinstance(value, list):
        return [_rendered(item, scope) for item in value]
    return value
