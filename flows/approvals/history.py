"""From a gate's rows to the gate: each row must be what its hash says, and say what its kind says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pydantic import ValidationError

from agents.contract.schema import Frozen
from flows.approvals import gate as bodies
from flows.approvals.errors import TamperedError
from flows.approvals.gate import NOTICES, Apply, Gate, Kind, Step
from flows.approvals.policy import State, judge
from flows.approvals.schema import Decision
from flows.errors import InvalidInputError
from flows.store import Entry, is_sound

_DUE = {kind: due for due, kind in NOTICES.items()}

Body = TypeVar("Body", bound=Frozen)


def gate_of(rows: Sequence[Entry]) -> Gate:
    """The gate that its rows, in order and at least one, tell of.

    Raises TamperedError, naming the row, where one was changed or says nothing that a gate knows.
    """
    try:
        return _gate(rows)
    except (ValidationError, InvalidInputError) as error:  # such as a name that none can be, or a number that is none
        raise TamperedError(rows[-1].seq, "what it and those before it hold cannot be kept in a ledger") from error


def _gate(rows: Sequence[Entry]) -> Gate:
    first = rows[0]
    requested = _body(first, bodies.Requested)
    request = requested.request
    if first.kind != Kind.REQUESTED or first.gate != request.gate:
        raise _tampered(first, "it opens no gate, or another one")
    if requested.digest != request.digest:
        raise _tampered(first, "the request does not hash to its digest any more")
    gate = Gate(request=request, digest=requested.digest)
    for row in rows[1:]:
        gate = gate.model_copy(update=_change(gate, row))
    if gate.closed_at is None:
        gate = gate.model_copy(update={"text": judge(request, gate.decisions, request.opened).text})
    return gate


def _change(gate: Gate, row: Entry) -> dict[str, object]:
    try:
        kind, at = Kind(row.kind), row.time
    except ValueError as error:
        raise _tampered(row, str(error)) from error
    match kind:
        case Kind.REQUESTED:
            raise _tampered(row, "it opens a gate that was open")
        case Kind.DECIDED:
            said = _body(row, bodies.Decided)
            decision = Decision(actor=row.actor, at=at, **said.model_dump())
            return {"decisions": (*gate.decisions, decision)}
        case Kind.REMINDED | Kind.ESCALATED:
            _body(row, bodies.Noticed)
            return {"notices": (*gate.notices, _DUE[kind])}
        case Kind.CLOSED:
            closed = _body(row, bodies.Closed)
            _check_outcome(gate, closed.state, row)
            return {"state": closed.state, "text": closed.reason, "closed_at": at}
        case Kind.APPLY_INTENDED:
            _body(row, bodies.Intended)
            apply = Apply(step=Step.INTENDED, at=at)
        case Kind.APPLIED:
            apply = Apply(step=Step.APPLIED, at=at, **_body(row, bodies.Applied).model_dump())
        case Kind.APPLY_REFUSED:
            apply = Apply(step=Step.REFUSED, at=at, reason=_body(row, bodies.ApplyRefused).reason)
        case Kind.ROLLED_BACK:
            undone = _body(row, bodies.RolledBack)
            apply = Apply(step=Step.ROLLED_BACK, at=at, commit=undone.commit, reason=undone.reason, by=row.actor)
    return {"apply": apply}


def _check_outcome(gate: Gate, state: State, row: Entry) -> None:
    """What stands there as the outcome is not believed: a yes must follow from who said what."""
    if state is State.OPEN:
        raise _tampered(row, "it closes the gate as open")
    if state is State.APPROVED:
        verdict = judge(gate.request, gate.decisions, row.time)
        if verdict.state is not State.APPROVED:
            raise _tampered(row, f"it has the gate as approved, and its decisions do not say so ({verdict.text})")


def _body(row: Entry, model: type[Body]) -> Body:
    if not is_sound(row):
        raise _tampered(row, "its content does not fit its hash")
    try:
        return model.model_validate_json(row.body)
    except ValidationError as error:
        raise _tampered(row, f"its body is no {model.__name__}") from error


def _tampered(row: Entry, why: str) -> TamperedError:
    return TamperedError(row.seq, why)
