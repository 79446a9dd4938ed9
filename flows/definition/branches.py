"""Which nodes can be skipped, and which can never start: what follows from conditions, `run_if` and handlers.

A node is *passed over* when its branch is not taken: its `when` is false, it is for failures and there was none, or all
that it waits for was passed over. That is no failure, and a node that waits for others, too, starts all the same.
"""

from __future__ import annotations

from functools import cached_property, lru_cache

from flows.definition import templates
from flows.definition.graph import Graph
from flows.definition.schema import Node, RunIf, Workflow


class Branches:
    """Answers for one workflow. Nodes on a circle have no answers: the graph must have none."""

    def __init__(self, workflow: Workflow, graph: Graph) -> None:
        self._graph = graph
        self._nodes = {node.id: node for node in reversed(workflow.all_nodes)}
        self._last = frozenset(node.id for node in workflow.finally_)
        self._handlers = frozenset(node.handler for node in workflow.all_nodes if node.handler in self._nodes)
        self._order = graph.order
        # Many nodes ask about the same one, and each answer holds for all of them.
        self._without = lru_cache(maxsize=32)(self._look_without)
        self._passable: set[str] = set()
        for node_id in self._order:
            if self._chosen(node_id) or self._follows(node_id):
                self._passable.add(node_id)

    def is_handler(self, node_id: str) -> bool:
        """Whether some node names it in `on_error`."""
        return node_id in self._handlers

    def needs_success(self, node_id: str) -> bool:
        """Whether it does not start once something before it failed."""
        if node_id in self._last or node_id in self._handlers:
            return False
        return self._nodes[node_id].run_if is RunIf.SUCCESS

    def may_pass(self, node_id: str, *, whatever_its_condition: bool = False) -> bool:
        """Whether it can be passed over; with `whatever_its_condition`, for another reason than its `when`."""
        if whatever_its_condition:
            return self._for_failures(node_id) or self._follows(node_id)
        return node_id in self._passable

    def starts_without(self, node_id: str, passed: str) -> bool:
        """Whether `node_id`, which needs success, can start although `passed`, which it waits for, was passed over."""
        known, gone = self._without(passed)
        return any(self._runs(other, known, gone) for other in sorted(self._graph.dependencies[node_id]))

    def _look_without(self, passed: str) -> tuple[dict[str, bool], int]:
        """What is known of who runs when `passed` was passed over, and what is passed over with it as bits."""
        gone = self._gone_with(passed)
        return dict.fromkeys(gone, False), sum(1 << self._place[other] for other in gone)

    def _for_failures(self, node_id: str) -> bool:
        return node_id in self._handlers or (node_id not in self._last and self._nodes[node_id].run_if is RunIf.FAILURE)

    def _chosen(self, node_id: str) -> bool:
        """Whether it can be passed over on its own account."""
        return self._nodes[node_id].when is not None or self._for_failures(node_id)

    def _follows(self, node_id: str) -> bool:
        """Whether it is passed over when all before it was, and that can be."""
        before = self._graph.dependencies[node_id]
        return self.needs_success(node_id) and bool(before) and before <= self._passable

    def _gone_with(self, passed: str) -> frozenset[str]:
        """What was passed over for certain when `passed` was."""
        gone, waiting = {passed}, [passed]
        while waiting:
            current = waiting.pop()
            if not self._chosen(current):
                waiting.extend(self._graph.dependencies[current] - gone)
                gone |= self._graph.dependencies[current]
        return frozenset(gone)

    @cached_property
    def _place(self) -> dict[str, int]:
        return {node_id: place for place, node_id in enumerate(self._order)}

    @cached_property
    def _ancestry(self) -> dict[str, int]:
        """A node and all before it as bits of one number, by their place in the order."""
        found: dict[str, int] = {}
        for node_id in self._order:
            found[node_id] = 1 << self._place[node_id]
            for other in self._graph.dependencies[node_id]:
                found[node_id] |= found[other]
        return found

    def _runs(self, node_id: str, known: dict[str, bool], gone: int) -> bool:
        """Whether a node can run when those that are known to be passed over are."""
        stack = [node_id]
        while stack:
            current = stack[-1]
            before = self._graph.dependencies.get(current, frozenset()) if self.needs_success(current) else frozenset()
            if current in known:
                stack.pop()
            elif not self._ancestry[current] & gone or not before or any(known.get(other) for other in before):
                known[current] = True
                stack.pop()
            elif open_ones := [other for other in before if other not in known]:
                stack.append(min(open_ones))
            else:
                known[current] = False
                stack.pop()
        return known[node_id]

    @cached_property
    def never(self) -> dict[str, str]:
        """Why a node can never start, by the ids of those that cannot."""
        found: dict[str, str] = {}
        for node_id in self._order:
            if reason := self._why_never(node_id, found):
                found[node_id] = reason
        return found

    def _why_never(self, node_id: str, found: dict[str, str]) -> str | None:
        node, before = self._nodes[node_id], self._graph.dependencies[node_id]
        if node.when is not None and _is_never(node.when):
            return "its 'when' is always false"
        if node_id in self._last or node.run_if is RunIf.ALWAYS:
            return None
        if node_id in self._handlers:
            before = frozenset(other for other in before if self._nodes[other].handler == node_id)
        elif node.run_if is RunIf.FAILURE and not before:
            return "it waits for a failure, and nothing is before it"
        if before and before <= found.keys():
            names = ", ".join(f"'{other}'" for other in sorted(before))
            return f"it waits for {names}, which never {'starts' if len(before) == 1 else 'start'}"
        return None

    @cached_property
    def silent(self) -> frozenset[str]:
        """Nodes that can be without a report although the run completes."""
        unharmed: set[str] = set()  # those that can be skipped after a failure, or fail, and the run completes
        found: set[str] = set()
        for node_id in self._order:
            node, before = self._nodes[node_id], self._graph.dependencies[node_id]
            after = self.needs_success(node_id) and not before.isdisjoint(unharmed)
            if after or node.handler is not None:
                unharmed.add(node_id)
            if after or node.handler is not None or continues(node) or node_id in self._passable:
                found.add(node_id)
        return frozenset(found)


def continues(node: Node) -> bool:
    """Whether `node` counts as a success without a report when it failed."""
    # A fan-out that continues answers with the reports that there are.
    return node.on_error == "continue" and node.for_each is None


def _is_never(text: str) -> bool:
    """Whether a condition that reads nothing is false."""
    try:
        template = templates.parse(text)
        return not template.references and not templates.render(template, {})
    except templates.TemplateProblemError:  # a problem of its own, or of the run
        return False
