"""What may follow an approval, and in which order: intent, then done or refused, then perhaps undone; each once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from flows.approvals.errors import ApplyError, GateChangedError
from flows.approvals.gate import Applied, ApplyRefused, Gate, Intended, Kind, RolledBack, Step
from flows.approvals.policy import State
from flows.approvals.texts import person, readable
from flows.approvals.writing import add
from flows.errors import InvalidInputError


def intend(connection: Connection, gate: Gate, digest: str, now: datetime) -> bool:
    """Write the intent, unless it stands. Raises ApplyError or GateChangedError."""
    _approved(gate)
    if digest != gate.digest:
        raise GateChangedError("what would be written is not what was approved: the digests differ; nothing is written")
    if gate.apply.step is Step.INTENDED:
        return False
    if gate.apply.step is not Step.NONE:
        raise ApplyError(f"this gate has been used: {_ended(gate)}; nothing is written")
    add(connection, gate.request, Kind.APPLY_INTENDED, Intended(digest=digest), now)
    return True


def done(connection: Connection, gate: Gate, written: Applied, now: datetime) -> None:
    """Write what was done. Raises ApplyError."""
    if gate.apply.step is Step.APPLIED and gate.apply.commit == written.commit:
        return
    if gate.apply.step is not Step.INTENDED:
        raise ApplyError(f"{written.commit} was not about to be written: {_ended(gate)}")
    add(connection, gate.request, Kind.APPLIED, written, now)


def refuse(connection: Connection, gate: Gate, reason: str, now: datetime) -> None:
    """Write why not. Raises ApplyError."""
    if gate.apply.step is Step.REFUSED:
        return
    if gate.apply.step not in (Step.NONE, Step.INTENDED):
        raise ApplyError(f"it cannot be refused any more: {_ended(gate)}")
    add(connection, gate.request, Kind.APPLY_REFUSED, ApplyRefused(reason=readable(reason)), now)


def undo(connection: Connection, gate: Gate, actor: str, now: datetime, *, commit: str, reason: str) -> None:
    """Write who undid it. Raises ApplyError, or InvalidInputError for what is no name."""
    if gate.apply.step is not Step.APPLIED:
        raise ApplyError(f"there is nothing to undo: {_ended(gate)}")
    try:
        who = person(actor)
        body = RolledBack(undone=gate.apply.commit, commit=commit, reason=reason)
    except ValueError as error:
        raise InvalidInputError(f"this cannot be kept: {error}") from error
    add(connection, gate.request, Kind.ROLLED_BACK, body, now, actor=who)


def _approved(gate: Gate) -> None:
    if gate.state is State.OPEN:
        raise ApplyError(f"this gate is open ({gate.text}); nothing is written")
    if gate.state is not State.APPROVED:
        raise ApplyError(f"this gate was not approved ({gate.text}); nothing is written")


def _ended(gate: Gate) -> str:
    match gate.apply.step:
        case Step.NONE:
            return "nothing was about to be written"
        case Step.INTENDED:
            return "it is about to be written"
        case Step.APPLIED:
            return f"it was applied in {gate.apply.commit}"
        case Step.REFUSED:
            return f"it was refused ({gate.apply.reason})"
        case Step.ROLLED_BACK:
            return f"it was rolled back by {gate.apply.by}"
