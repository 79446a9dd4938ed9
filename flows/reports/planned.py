"""What a run of a workflow would do, before anything runs: the data behind `dockyard plan`."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from pydantic import JsonValue

from agents.contract.schema import Frozen
from flows.definition.schema import Approval, Concurrency, NodeLimits, Repeat, RunIf, Schedule, Trigger


class Expectation(StrEnum):
    """Whether a node starts, as far as that is known before the run and when nothing fails."""

    STARTS = "starts"
    OPEN = "open"
    """Decided in the run: by a condition over reports, or by how nodes before it end."""
    ON_FAILURE = "on-failure"
    SKIPPED = "skipped"


class Stage(StrEnum):
    """How far a node of a run is, in the words that people read."""

    AHEAD = "not begun"
    RUNNING = "running"
    ASKING = "waits for people"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Wait(Frozen):
    """One node that another waits for. `why` is `edge`, `template` or `error`; an edge is told before a template."""

    node: str
    why: str


class FanOut(Frozen):
    """A turn per item. `count` is None when the items are known in the run only; `items` is what the file says."""

    items: str
    count: int | None
    concurrency: int


class PlannedNode(Frozen):
    """One node. `name` is its name in the run: `sub.scan` for the node `scan` of the workflow that `sub` runs.

    `reason` says what else than its condition decides about it; `holds` is what `when` comes to where that is known;
    `retries` are seconds before each retry, without jitter; `timeout` is in seconds, the agent's own where the node names
    none; `handles` are nodes whose errors it takes; `changes`: it does something that somebody must have approved.
    """

    id: str
    name: str
    agent: str | None = None
    workflow: str | None = None
    description: str = ""
    expectation: Expectation
    reason: str = ""
    after: tuple[Wait, ...] = ()
    when: str | None = None
    holds: bool | None = None
    fan_out: FanOut | None = None
    repeat: Repeat | None = None
    retries: tuple[float, ...] = ()
    timeout: float | None = None
    limits: NodeLimits | None = None
    run_if: RunIf = RunIf.SUCCESS
    on_error: str = "fail"
    handles: tuple[str, ...] = ()
    changes: bool = False
    approval: Approval | None = None
    part: RunPlan | None = None


class RunPlan(Frozen):
    """A whole workflow. A wave holds the nodes that can run at once; the next one waits for some of it.

    `last` are the waves of `finally`. `missing` are params that a run needs and that were not given.
    """

    workflow: str
    description: str = ""
    params: dict[str, JsonValue] = {}  # noqa: RUF012 — pydantic copies defaults
    missing: tuple[str, ...] = ()
    timeout: float | None = None
    concurrency: Concurrency | None = None
    schedule: tuple[Schedule, ...] = ()
    on: tuple[Trigger, ...] = ()
    waves: tuple[tuple[PlannedNode, ...], ...]
    last: tuple[tuple[PlannedNode, ...], ...] = ()

    def nodes(self) -> Iterator[PlannedNode]:
        """Every node, those of sub-workflows after the node that runs them."""
        for wave in (*self.waves, *self.last):
            for node in wave:
                yield node
                if node.part is not None:
                    yield from node.part.nodes()
