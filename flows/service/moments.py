"""A moment of a run for who watches it: how far each node is, in a picture and in words, and what it waits for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from uuid import UUID

from agents.contract.schema import Frozen
from flows.definition.loader import load
from flows.definition.status import NodeStatus
from flows.errors import DockyardError
from flows.execution.agents import known_with
from flows.people import DEFAULT_WORKSPACE
from flows.reports import archive, plan_svg, plan_words
from flows.reports.glance import Glance
from flows.reports.planned import PlannedNode, RunPlan, Stage
from flows.service.approvals import Approvals, Gate
from flows.service.plan import plan
from flows.service.runs import RunHandle, Runs, RunState
from flows.service.workflows import named
from flows.settings import Settings

__all__ = ["Moment", "NodeMoment", "Stage", "look", "picture", "stages"]

_TURN = re.compile(r"\[\d+\]|#\d+| \(apply\)")
"""What a task's name has more than its node's: the turn, or that it writes what people approved."""
_OF_TASK = {
    RunState.PENDING: Stage.AHEAD,
    RunState.RUNNING: Stage.RUNNING,
    RunState.WAITING: Stage.ASKING,
    RunState.CANCELLING: Stage.RUNNING,
    RunState.COMPLETED: Stage.COMPLETED,
    RunState.FAILED: Stage.FAILED,
    RunState.CANCELLED: Stage.FAILED,
}
_FIRST = (Stage.ASKING, Stage.RUNNING, Stage.FAILED, Stage.AHEAD, Stage.COMPLETED, Stage.SKIPPED)
"""Of a node's turns, the stage that comes first here is the node's."""


class NodeMoment(Frozen):
    """A node, and how far it is. `runs` is its agent or workflow; `reason` says why it gave no report, or is empty."""

    name: str
    runs: str
    stage: Stage
    reason: str = ""


class Moment(Frozen):
    """`plan` is None where the run's workflow cannot be read here; `ended` where there is no report yet.

    `gates` are the open ones; `waits_for` says why the run does not begin.
    """

    run: RunHandle
    nodes: tuple[NodeMoment, ...]
    plan: RunPlan | None
    gates: tuple[Gate, ...] = ()
    ended: Glance | None = None
    waits_for: str = ""

    @property
    def done(self) -> int:
        """How many nodes have ended."""
        over = (Stage.COMPLETED, Stage.FAILED, Stage.SKIPPED)
        return sum(node.stage in over for node in self.nodes)


def look(run_id: UUID, runs: Runs, settings: Settings) -> Moment:
    """The run as it is now. Raises InvalidInputError for an unknown run, UnavailableError without a Prefect server."""
    progress = next(runs.watch(run_id))
    run = progress.run
    ended = archive.glance(run_id) if run.state.final else None
    gates = () if run.state.final else Approvals(settings).list(run=str(run_id))
    found = _plan(run_id, run.workflow, settings, run.workspace or DEFAULT_WORKSPACE)
    known = stages(progress.nodes, [gate.request.display_name for gate in gates])
    reasons: dict[str, str] = {}
    if ended is not None:
        known = {_node(node.node): _of_status(node.status) for node in reversed(ended.nodes)} | {
            node.node: _of_status(node.status) for node in ended.nodes
        }
        reasons = {node.node: node.reason or "" for node in ended.nodes}
    planned = [] if found is None else [node for node in found.nodes() if node.part is None]
    nodes = (
        [_moment(node, known, reasons) for node in planned]
        if planned
        else [NodeMoment(name=name, runs="", stage=stage, reason=reasons.get(name, "")) for name, stage in known.items()]
    )
    return Moment(run=run, nodes=tuple(nodes), plan=found, gates=gates, ended=ended, waits_for=progress.waits_for)


def picture(moment: Moment) -> str | None:
    """The run's graph as SVG, its nodes coloured by how far they are; None where the plan is not known."""
    if moment.plan is None:
        return None
    return plan_svg.render(moment.plan, {node.name: node.stage for node in moment.nodes})


def stages(tasks: Mapping[str, RunState], asking: Iterable[str] = ()) -> dict[str, Stage]:
    """How far nodes are, by their names in the plan, from the states of their tasks and the turns that ask people."""
    turns: dict[str, list[Stage]] = {}
    for name, state in tasks.items():
        turns.setdefault(_node(name), []).append(_OF_TASK[state])
    for name in asking:
        turns.setdefault(_node(name), []).append(Stage.ASKING)
    return {name: min(found, key=_FIRST.index) for name, found in turns.items()}


def _node(task: str) -> str:
    return _TURN.sub("", task)


def _of_status(status: NodeStatus) -> Stage:
    if status is NodeStatus.SKIPPED:
        return Stage.SKIPPED
    return Stage.COMPLETED if status.ok else Stage.FAILED


def _moment(node: PlannedNode, known: Mapping[str, Stage], reasons: Mapping[str, str]) -> NodeMoment:
    return NodeMoment(
        name=node.name,
        runs=plan_words.kind(node),
        stage=known.get(node.name, Stage.AHEAD),
        reason=reasons.get(node.name, ""),
    )


def _plan(run_id: UUID, workflow: str, settings: Settings, workspace: str) -> RunPlan | None:
    """What the run began with; before it begins, what the workflows folder holds under that name."""
    try:
        if began := archive.pinned(run_id):
            return _planned(began.model_dump_json())
        return plan(named(workflow, settings, workspace), {})
    except DockyardError:  # it was changed or removed, or comes from a file elsewhere: the run says what it does
        return None


@lru_cache(maxsize=32)
def _planned(pinned: str) -> RunPlan:
    began = archive.Pinned.model_validate_json(pinned)
    return plan(load(began.text, manifests=known_with(began.agents), library=began.library), {})
