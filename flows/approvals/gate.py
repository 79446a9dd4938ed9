"""A gate as the ledger tells it: what each kind of row holds, and all rows of one gate together."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime

from agents.contract.schema import Frozen
from flows.approvals.policy import Due, State
from flows.approvals.schema import Choice, Decision, Door, GateRequest
from flows.approvals.texts import Person, Text


class Kind(StrEnum):
    """What a row of the ledger says. Each is there at most once for a gate; `decided`, for a gate and a person."""

    REQUESTED = "requested"
    DECIDED = "decided"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    CLOSED = "closed"
    APPLY_INTENDED = "apply-intended"
    APPLIED = "applied"
    APPLY_REFUSED = "apply-refused"
    ROLLED_BACK = "rolled-back"


NOTICES = {Due.REMIND: Kind.REMINDED, Due.ESCALATE: Kind.ESCALATED}
TOLD = (Kind.REQUESTED, Kind.REMINDED, Kind.ESCALATED, Kind.CLOSED)
"""What people are told of."""


class Requested(Frozen):
    """Body of `requested`. The digest stands beside what it is over."""

    request: GateRequest
    digest: str


class Decided(Frozen):
    """Body of `decided`; who and when are the row's."""

    choice: Choice
    note: Text
    digest: str
    door: Door


class Noticed(Frozen):
    """Body of `reminded` and `escalated`: whom it concerns."""

    to: tuple[str, ...]


class Closed(Frozen):
    """Body of `closed`: how the gate ended, and why in words."""

    state: State
    reason: Text


class Intended(Frozen):
    """Body of `apply-intended`: what is about to be written."""

    digest: str


class Applied(Frozen):
    """Body of `applied`: what was written and where, so that it can be taken back by the ledger alone.

    `branch` and `repository` (a folder of the machine that wrote) are empty in rows of older versions.
    """

    commit: str
    branch: str = ""
    repository: str = ""


class ApplyRefused(Frozen):
    """Body of `apply-refused`: why nothing was written."""

    reason: Text


class RolledBack(Frozen):
    """Body of `rolled-back`: what was undone, and by which commit, where undoing made one."""

    undone: str
    commit: str = ""
    reason: Text = ""


class Step(StrEnum):
    """How far applying has come."""

    NONE = "none"
    INTENDED = "intended"
    APPLIED = "applied"
    REFUSED = "refused"
    ROLLED_BACK = "rolled-back"


class Apply(Frozen):
    """What became of the change once it was approved; `at` is when the step was taken, `by` who rolled back.

    `branch` and `repository` say where an applied change was put.
    """

    step: Step = Step.NONE
    at: AwareDatetime | None = None
    commit: str = ""
    branch: str = ""
    repository: str = ""
    reason: str = ""
    by: Person | None = None


class BrokenGate(Frozen):
    """A gate that nothing follows from, since `row` of it is not what was written; `why` says so, and what to do."""

    id: str
    row: int
    why: str


class Gate(Frozen):
    """A request and what has become of it. `text` says how it stands; `notices` what was sent while it waited."""

    request: GateRequest
    digest: str
    decisions: tuple[Decision, ...] = ()
    notices: tuple[Due, ...] = ()
    state: State = State.OPEN
    text: str = ""
    closed_at: AwareDatetime | None = None
    apply: Apply = Apply()

    @property
    def id(self) -> str:
        """The gate's id."""
        return self.request.gate

    @property
    def approvers(self) -> tuple[str, ...]:
        """Who said yes, by name."""
        return tuple(sorted(item.actor for item in self.decisions if item.choice is Choice.APPROVE))


class News(Frozen):
    """A row that people could be told of, before anything in it was checked."""

    seq: int
    at: AwareDatetime
    kind: Kind
    gate: str


class Survey(Frozen):
    """Several gates, oldest first: those that are as they were written, and those that are not."""

    gates: tuple[Gate, ...] = ()
    broken: tuple[BrokenGate, ...] = ()
