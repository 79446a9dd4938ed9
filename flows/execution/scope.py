"""One workflow's nodes from the first to the last: the run's own, or a sub-workflow's. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from pydantic import JsonValue

from flows.definition.loader import bind
from flows.definition.schema import Node
from flows.definition.status import NodeStatus
from flows.definition.templates import TemplateProblemError
from flows.errors import InvalidInputError
from flows.execution.agenda import Agenda
from flows.execution.inputs import Scope, holds
from flows.execution.merge import merged
from flows.execution.outcome import Outcome, failed, failures, skipped, timed_out, unneeded
from flows.execution.plan import Plan, shown
from flows.execution.turns import Place, Turns

MAX_DRAWN = 100
"""Steps of one node that a later step names as those before it: they draw Prefect's picture and decide nothing."""


@dataclass(frozen=True)
class Row:
    """A line of the run's report: a node, or one item of it. `step` names the step whose report it shows.

    `group`: it stands for the lines after it, and has no report of its own.
    """

    name: str
    node: Node
    outcome: Outcome
    step: str | None
    group: bool


class WorkflowScope:
    """A workflow that is being run. Calls `done` once, when its last node has ended."""

    def __init__(
        self,
        plan: Plan,
        place: Place,
        params: Mapping[str, JsonValue],
        agenda: Agenda,
        *,
        built_in: Mapping[str, JsonValue],
        run: Mapping[str, JsonValue],
        after: tuple[str, ...] = (),
        done: Callable[[], None],
    ) -> None:
        """`built_in` holds the params that sub-workflows have, too: `repository` and `ref`."""
        self._plan = plan
        self._place = place
        self._agenda = agenda
        self._built_in = built_in
        self._run = run
        self._values: dict[str, JsonValue] = {"params": {**params, **built_in}, "run": dict(run)}
        self._after = after
        self._done = done
        self._over: str | None = None
        self._waits_for = dict(plan.waits_for)
        self._main_left = len(plan.definition.workflow.nodes)
        self._turns: dict[str, Turns] = {}
        self.outcomes: dict[str, Outcome] = {}

    def begin(self, limit: float | None, reason: str) -> None:
        """Start what waits for nothing. After `limit` seconds time is over, for the given reason."""
        if limit is not None:
            alarm = self._agenda.alarm(limit, partial(self.time_over, reason), reason)
            self._place = replace(self._place, bounds=(*self._place.bounds, alarm))
        # Found first: a node that ends at once lets others go, which are then considered on their own account.
        for node in [node for node in self._plan.definition.workflow.all_nodes if self._waits_for[node.id] == 0]:
            self._consider(node)

    def time_over(self, reason: str) -> None:
        """Start nothing more but `finally`."""
        if self._over is not None or self._main_left == 0:
            return
        self._over = reason
        for node in self._plan.definition.workflow.nodes:
            if turns := self._turns.get(node.id):
                if node.id not in self.outcomes:
                    turns.time_over(reason)
            elif node.id not in self.outcomes:
                self._ended(node, timed_out(reason))
        self._agenda.drop()

    def tails(self) -> tuple[str, ...]:
        """Names of the steps that nothing in the workflow came after."""
        ends = [node_id for node_id, turns in self._turns.items() if not self._plan.dependents[node_id] and turns.tails()]
        return self._tails(ends or self._turns)

    def reasons(self) -> list[tuple[str, str]]:
        """Names of the nodes that fail the run, with the reason; empty for a run that completed."""
        found = list(failures(self._plan.definition.workflow.all_nodes, self.outcomes))
        return found or ([] if self._over is None else [(self._plan.definition.workflow.name, self._over)])

    def outcome(self) -> Outcome:
        """What the workflow comes to as a node of another one. Only when it ended."""
        if reasons := self.reasons():
            status = NodeStatus.FAILED if self._over is None else NodeStatus.TIMED_OUT
            return Outcome(status, error="; ".join(f"{name}: {reason}" for name, reason in reasons))
        return Outcome(NodeStatus.COMPLETED, output=merged({name: found.output for name, found in self.outcomes.items()}))

    def rows(self) -> Iterator[Row]:
        """Lines of the report, in the workflow's order. Only when it ended."""
        for node in self._plan.definition.workflow.all_nodes:
            name, outcome, turns = f"{self._place.name}{node.id}", self.outcomes[node.id], self._turns.get(node.id)
            single = turns.iterations[0] if turns is not None and turns.iterations and not turns.fan_out else None
            group = node.agent is None or node.for_each is not None
            yield Row(name, node, outcome, single.step if single else None, group)
            for one in turns.iterations if turns is not None and group else ():
                if one.outcome is not None and one is not single:
                    yield Row(one.name, node, one.outcome, one.step, node.agent is None)
                if isinstance(one.part, WorkflowScope):
                    yield from one.part.rows()

    def _consider(self, node: Node) -> None:
        if node.id in self.outcomes:  # its time was over before its turn came
            return
        before = self._plan.definition.graph.dependencies[node.id]
        outcome = self._unneeded(node)
        if outcome is None:
            scope: Scope = {**self._values, **{other: self.outcomes[other].view() for other in before}}
            try:
                if node.when is not None and not holds(node.when, scope):
                    outcome = skipped("its condition `when` was false")
            except TemplateProblemError as error:
                outcome = failed(str(error))
        if outcome is not None:
            self._ended(node, outcome)
            return
        last = self._place.last or node.id in self._plan.last
        turns = self._turns[node.id] = Turns(
            node,
            replace(self._place, last=True) if last else self._place,
            scope,
            self._agenda,
            after=self._before(node),
            open_part=partial(self._open_part, node),
            done=partial(self._ended, node),
        )
        turns.begin()

    def _unneeded(self, node: Node) -> Outcome | None:
        if handled := self._plan.handled.get(node.id):
            hurt = any(self.outcomes[other].status.failed for other in handled)
            return None if hurt else skipped("nothing that it handles failed")
        if node.id in self._plan.last:
            return None
        workflow, before = self._plan.definition.workflow, self._plan.definition.graph.dependencies[node.id]
        return unneeded(node, ((workflow.node(other), self.outcomes[other]) for other in before))

    def _before(self, node: Node) -> tuple[str, ...]:
        before = self._plan.definition.graph.dependencies[node.id]
        if node.id in self._plan.last and not before:
            return self._tails(other for other in self._plan.ends if other in self._turns)
        return self._tails(other for other in sorted(before) if other in self._turns) if before else self._after

    def _tails(self, node_ids: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for node_id in node_ids for name in self._turns[node_id].tails()[-MAX_DRAWN:])

    def _open_part(
        self,
        node: Node,
        place: Place,
        inputs: dict[str, JsonValue],
        after: tuple[str, ...],
        done: Callable[[Outcome], None],
    ) -> WorkflowScope | None:
        plan = self._plan.part(node)
        workflow = plan.definition.workflow
        try:
            params = bind(workflow, inputs)
        except InvalidInputError as error:
            self._agenda.later(partial(done, failed(str(error))))
            return None
        part = WorkflowScope(
            plan,
            place,
            params,
            self._agenda,
            built_in=self._built_in,
            run=self._run,
            after=after,
            done=lambda: done(part.outcome()),
        )
        limits = [limit for limit in (node.timeout, workflow.timeout) if limit is not None]
        limit = min(limits, default=None)
        self._agenda.later(lambda: part.begin(limit, f"the time of '{place.name[:-1]}' ({shown(limit)}) was over"))
        return part

    def _ended(self, node: Node, outcome: Outcome) -> None:
        self.outcomes[node.id] = outcome
        self._agenda.tell(f"{self._place.name}{node.id}", outcome)
        for other in self._plan.dependents[node.id]:
            self._one_less(other)
        workflow = self._plan.definition.workflow
        if node.id not in self._plan.last:
            self._main_left -= 1
            if self._main_left == 0:
                for final in workflow.finally_:
                    self._one_less(final.id)
        if len(self.outcomes) == len(self._plan.waits_for):
            self._agenda.later(self._done)

    def _one_less(self, node_id: str) -> None:
        self._waits_for[node_id] -= 1
        if self._waits_for[node_id] == 0:
            self._agenda.later(partial(self._consider, self._plan.definition.workflow.node(node_id)))
