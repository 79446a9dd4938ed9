"""A driver without clock and agents for tests of the scheduler: it ends steps as it is told and checks every order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flows.definition.graph import Graph
from flows.definition.loader import Definition
from flows.definition.schema import Workflow
from flows.definition.status import NodeStatus
from flows.execution.scheduler import Alarm, Orders, Outcome, Row, Scheduler, Step

RUN = {"id": "r", "workflow": "sample"}
BUILT_IN = {"repository": "/src", "ref": "HEAD"}
COMPLETED = Outcome(NodeStatus.COMPLETED, output={"n": 3, "flag": False})
FAILED = Outcome(NodeStatus.FAILED, error="it broke")
TIMED_OUT = Outcome(NodeStatus.TIMED_OUT, error="too slow")


def definition(
    *nodes: Mapping[str, Any], edges: Sequence[str] = (), subs: Sequence[Definition] = (), **more: Any
) -> Definition:
    """Nodes (of the agent `x` where they say nothing), edges written `a>b`, and what else a workflow has."""
    nodes = tuple(_complete(node) for node in nodes)
    last = [_complete(node) for node in more.pop("final", ())]
    data = {
        "name": "sample",
        "nodes": list(nodes),
        "edges": [{"from": edge.split(">")[0], "to": edge.split(">")[1]} for edge in edges],
        "finally": last,
        **more,
    }
    workflow = Workflow.model_validate(data)
    return Definition("", workflow, Graph.of(workflow), {sub.workflow.name: sub for sub in subs})


def _complete(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return node if "workflow" in node else {"agent": "x", **node}


def item_and_turn(name: str) -> tuple[int | None, int]:
    """What the last part of a step's name says."""
    match = re.fullmatch(r"\w+(?:\[(\d+)\])?(?:#(\d+))?", name.rsplit(".", maxsplit=1)[-1])
    assert match, name
    return (int(match[1]) if match[1] else None), int(match[2] or 1)


@dataclass
class Drive:
    """One run. Steps are in `running` until `end`, alarms in `alarms` until `ring`."""

    made: Definition
    params: Mapping[str, Any] = field(default_factory=dict)
    slots: int = 1000
    running: dict[str, Step] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)
    started: dict[str, Step] = field(default_factory=dict)
    ended: dict[str, Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(self.made, params=self.params, built_in=BUILT_IN, run=RUN, slots=self.slots)
        self._keys: set[str] = set()
        self.take(self.scheduler.begin())

    def take(self, orders: Orders) -> None:
        """Check what is asked for, and do it."""
        for ended in orders.ended:
            assert ended.path not in self.ended or "." in ended.path, f"{ended.path} ended twice"
            assert ended.path not in self.running
            self.ended[ended.path] = ended.outcome
        for step in orders.steps:
            assert step.name not in self.running, f"{step.name} runs already"
            assert set(step.after) <= self.started.keys() - self.running.keys(), f"{step.name} starts before {step.after}"
            self.started[step.name] = self.running[step.name] = step
            self._keys.add(step.key)
        assert len(self._keys) == len(self.started), "two steps have one key"
        assert len(self.running) <= self.slots
        wide = Counter(re.sub(r"\[\d+\](#\d+)?$", "", name) for name in self.running)
        for name, step in self.running.items():
            if step.node.for_each is not None:
                assert wide[re.sub(r"\[\d+\](#\d+)?$", "", name)] <= step.node.for_each.concurrency
        self.alarms += orders.alarms
        if not self.scheduler.finished:
            assert self.running or self.alarms, f"nothing goes on, and these have not ended: {self.left()}"

    def left(self) -> set[str]:
        """Nodes that have not ended."""
        return {node.id for node in self.made.workflow.all_nodes} - self.scheduler.outcomes().keys()

    def end(self, name: str, outcome: Outcome = COMPLETED) -> None:
        """End one running step."""
        del self.running[name]
        self.take(self.scheduler.step_ended(name, outcome))

    def ring(self, index: int = 0) -> None:
        """Let one alarm ring."""
        self.take(self.scheduler.rang(self.alarms.pop(index)))

    def on(self, behave: Callable[[Step], Outcome], choose: Callable[[int], int] = lambda _: 0) -> None:
        """Drive to the end; `choose` picks which of so many things happens next."""
        while not self.scheduler.finished:
            bounding = {alarm for step in self.running.values() for alarm in step.bounds}
            resting = [alarm for alarm in self.alarms if alarm not in bounding]
            assert self.running or resting
            index = choose(len(self.running) + len(resting))
            if index < len(self.running):
                name = list(self.running)[index]
                self.end(name, behave(self.running[name]))
            else:
                self.ring(self.alarms.index(resting[index - len(self.running)]))
        assert not self.running
        assert not self.left()

    @property
    def statuses(self) -> dict[str, str]:
        """How the workflow's own nodes ended."""
        return {node_id: outcome.status.value for node_id, outcome in self.scheduler.outcomes().items()}

    @property
    def rows(self) -> dict[str, Row]:
        """The report's lines by name."""
        rows = list(self.scheduler.rows())
        assert len({row.name for row in rows}) == len(rows)
        return {row.name: row for row in rows}
