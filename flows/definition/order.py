"""Circles (DY006), nodes that can never start (DY014), and handlers that cannot handle (DY017)."""

from __future__ import annotations

from collections.abc import Iterator

from flows.definition.draft import Draft
from flows.definition.graph import Graph
from flows.definition.problems import Problem, did_you_mean, shown_path
from flows.definition.schema import Node, RunIf


def check(draft: Draft) -> Iterator[Problem]:
    """Every problem of who waits for whom, but nodes that never start: those are known without a circle only."""
    yield from _handlers(draft)
    if draft.graph.cycle():
        if cycle := Graph.of(draft.workflow, handlers=False).cycle():
            message = f"the nodes wait for each other in a circle: {shown_path(cycle)}."
            yield draft.problem("DY006", message, (*draft.places[cycle[0]], "id"))
        else:
            yield from _circular_handlers(draft)
    for index, edge in enumerate(draft.workflow.edges):
        if edge.from_ in draft.last and edge.to in draft.places and edge.to not in draft.last:
            message = f"'{edge.from_}' runs after all of 'nodes', so '{edge.to}' cannot wait for it."
            yield draft.problem("DY006", message, ("edges", index, "from"), f"Move '{edge.to}' to 'finally'.")


def never(draft: Draft) -> Iterator[Problem]:
    """Nodes that can never start."""
    for node_id, reason in draft.branches.never.items():
        node = draft.workflow.node(node_id)
        key = "when" if "'when'" in reason else "run_if" if node.run_if is RunIf.FAILURE else "id"
        yield draft.problem("DY014", f"'{node_id}' can never start: {reason}.", (*draft.places[node_id], key))


def _handlers(draft: Draft) -> Iterator[Problem]:
    handlers: dict[str, str] = {}
    for node, place in draft.nodes:
        if node.id in draft.last and node.run_if is RunIf.FAILURE:
            message = f"'{node.id}' of 'finally' always starts, so 'run_if' has nothing to decide."
            hint = "Ask in 'when' how a node ended, with <node id>.status."
            yield draft.problem("DY002", message, (*place, "run_if"), hint)
        if node.handler is None:
            continue
        at = (*place, "on_error")
        if node.handler not in draft.places:
            hint = did_you_mean(node.handler, {*draft.places, "fail", "continue"})
            yield draft.problem("DY017", f"there is no node '{node.handler}' to handle an error.", at, hint)
        elif node.handler == node.id:
            yield draft.problem(
                "DY017", f"'{node.id}' cannot handle its own error.", at, "For another try there is 'retries'."
            )
        elif (node.handler in draft.last) is not (node.id in draft.last):
            there, here = _part(draft, node.handler), _part(draft, node.id)
            message = f"'{node.handler}' stands in {there} and cannot handle an error of {here}."
            yield draft.problem("DY017", message, at)
        else:
            handlers.setdefault(node.handler, node.id)
    for node, place in draft.nodes:
        if node.id in handlers and node.run_if is not RunIf.SUCCESS and node.id not in draft.last:
            message = f"'{node.id}' handles the error of '{handlers[node.id]}', so 'run_if' has nothing to decide."
            yield draft.problem("DY017", message, (*place, "run_if"), "Leave 'run_if' out.")


def _part(draft: Draft, node_id: str) -> str:
    return "'finally'" if node_id in draft.last else "'nodes'"


def _circular_handlers(draft: Draft) -> Iterator[Problem]:
    """Handlers that the failing node waits for: the others alone make no circle, so one of these closes each."""
    for node, place in draft.nodes:
        if node.handler in draft.places and node.handler != node.id and _waits(draft.graph, node, str(node.handler)):
            message = f"'{node.id}' waits for '{node.handler}', so '{node.handler}' cannot handle its error."
            yield draft.problem("DY017", message, (*place, "on_error"))


def _waits(graph: Graph, node: Node, other: str) -> bool:
    """Whether `node` waits for `other`, directly or through others."""
    seen, waiting = {node.id}, [node.id]
    while waiting:
        for before in graph.dependencies[waiting.pop()] - seen:
            if before == other:
                return True
            seen.add(before)
            waiting.append(before)
    return False
