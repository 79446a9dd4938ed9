"""The ledger of gates: what was asked, who said what, and what became of it. Rows are only ever added."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TextIO, TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection, Engine

from agents.contract.schema import Frozen
from flows.approvals import applying, verifying
from flows.approvals.errors import (
    DecidedAlreadyError,
    GateChangedError,
    NotAllowedError,
    TamperedError,
    UnknownGateError,
)
from flows.approvals.gate import (
    NOTICES,
    TOLD,
    Applied,
    BrokenGate,
    Closed,
    Decided,
    Gate,
    Kind,
    News,
    Noticed,
    Requested,
    Survey,
)
from flows.approvals.history import gate_of
from flows.approvals.policy import Due, State, due, judge, refusal
from flows.approvals.rules import Policy
from flows.approvals.schema import PREFECT_UI, Choice, Decision, Door, GateRequest
from flows.approvals.texts import readable
from flows.approvals.verifying import Mark
from flows.approvals.writing import add
from flows.errors import InvalidInputError
from flows.store import NO_ROW, Broken, Entry, UnreadableRowError, entries_of, gates_of, kinds_after, read, runs_of, write

T = TypeVar("T")

_BEGINNING = re.compile(r"[0-9a-f-]{1,36}")
_SHOWN = 5


class Notice(Frozen):
    """Somebody is to be told that a gate waits: `to` names them as the policy does."""

    gate: Gate
    due: Due
    to: tuple[str, ...]


class Ledger:
    """The ledger in one database; as many of these as there are processes may work on it at once.

    Every method that takes a gate takes its id, or the beginning of it where no other gate's begins so, and raises
    UnknownGateError; TamperedError where a row of that gate was changed; UnavailableError where the database fails.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def request(self, request: GateRequest) -> GateRequest:
        """Open a gate, or find it open: whoever asks again for the same is given the request as it was stored.

        Raises GateChangedError where the gate was opened for something else.
        """

        def work(connection: Connection) -> GateRequest:
            rows = _rows(connection, request.gate)
            if not rows:
                add(connection, request, Kind.REQUESTED, Requested(request=request, digest=request.digest), request.opened)
                return request
            found = gate_of(rows)
            if found.digest != request.digest:
                raise GateChangedError(
                    f"gate {request.gate} was opened for something else: the plan, diff, base commit, image or policy "
                    "has changed since; start a new run"
                )
            return found.request

        return write(self._engine, work)

    def gate(self, gate: str, within: str | None = None) -> Gate:
        """One gate; with `within` one of that workspace, for which those of others do not exist."""
        return read(self._engine, lambda connection: _load(connection, gate, within))

    def survey(self, run: str | None = None, *, open_only: bool = True, within: str | None = None) -> Survey:
        """All gates, or those of a run or a workspace. One that was changed is told of as such, and is in no other's way."""

        def work(connection: Connection) -> Survey:
            gates, broken = [], []
            without = Kind.CLOSED.value if open_only else None
            for gate in gates_of(connection, run=run, without=without, within=within):
                try:
                    gates.append(gate_of(_rows(connection, gate)))
                except TamperedError as error:
                    broken.append(BrokenGate(id=gate, row=error.row, why=str(error)))
            return Survey(gates=tuple(gates), broken=tuple(broken))

        return read(self._engine, work)

    def gates(self, run: str | None = None, *, open_only: bool = True) -> tuple[Gate, ...]:
        """The gates of `survey` that are as they were written; oldest first."""
        return self.survey(run, open_only=open_only).gates

    def runs(self) -> dict[str, int]:
        """Every run that ever asked, with the number of the newest row about it: the same number, nothing new."""
        return read(self._engine, runs_of)

    def decide(
        self,
        gate: str,
        actor: str,
        choice: Choice,
        *,
        note: str = "",
        digest: str,
        door: Door,
        now: datetime,
        policy: Policy,
    ) -> Gate:
        """Write what a person says who has seen what has that `digest`, and close the gate where that settles it.

        `policy` is the one of today. Raises DecidedAlreadyError, NotAllowedError with the reason, GateChangedError where
        the digest is another one, InvalidInputError for a note that cannot be kept.
        """
        try:
            decision = Decision(actor=actor, choice=choice, note=note, digest=digest, door=door, at=now)
        except ValidationError as error:
            reasons = "; ".join(f"{item['loc'][0]}: {item['msg'].removeprefix('Value error, ')}" for item in error.errors())
            raise InvalidInputError(f"this decision cannot be kept: {reasons}") from error

        def work(connection: Connection, found: Gate) -> None:
            _check(found, decision, policy)
            said = Decided.model_validate(decision.model_dump(exclude={"actor", "at"}))
            add(connection, found.request, Kind.DECIDED, said, now, actor=decision.actor)
            _settle(connection, found.request, (*found.decisions, decision), now)

        return self._change(gate, work)

    def expire(self, now: datetime, run: str | None = None) -> tuple[Gate, ...]:
        """Close the gates whose time is over, all or those of a run, and return them. A changed one stays as it is."""

        def work(connection: Connection, found: Gate) -> None:
            if found.state is State.OPEN:
                _settle(connection, found.request, found.decisions, now)

        over = [gate.id for gate in self.gates(run) if now >= gate.request.expires]
        return tuple(closed for gate in over if (closed := self._change_sound(gate, work)))

    def notify(self, now: datetime) -> tuple[Notice, ...]:
        """Write the reminders and escalations that are due, and return them: each once, whoever asks.

        Nobody is told of a gate that was changed.
        """
        return tuple(notice for gate in self.gates() for notice in self._notices(gate, now))

    def _notices(self, gate: Gate, now: datetime) -> tuple[Notice, ...]:
        if not due(gate.request, gate.notices, now):
            return ()
        written: list[tuple[Due, tuple[str, ...]]] = []

        def work(connection: Connection, found: Gate) -> None:
            written.clear()
            if found.state is not State.OPEN:
                return
            needed = found.request.requirement
            for what in due(found.request, found.notices, now):
                to = needed.asked if what is Due.REMIND else needed.escalates_to
                add(connection, found.request, NOTICES[what], Noticed(to=to), now)
                written.append((what, to))

        after = self._change_sound(gate.id, work)
        return () if after is None else tuple(Notice(gate=after, due=what, to=to) for what, to in written)

    def news(self, after: int) -> tuple[News, ...]:
        """What people could be told of in the rows behind the one of that number, in order; nothing is checked."""
        told = [kind.value for kind in TOLD]
        found = read(self._engine, lambda connection: kinds_after(connection, after, told))
        return tuple(News(seq=seq, at=at, kind=Kind(kind), gate=gate) for seq, at, kind, gate in found)

    def supersede(self, gate: str, reason: str, now: datetime) -> Gate:
        """Close an open gate that nobody needs to answer any more, such as one of a run that was cancelled."""

        def work(connection: Connection, found: Gate) -> None:
            if found.state is not State.OPEN:
                raise NotAllowedError(f"the gate is closed: {found.text}")
            add(connection, found.request, Kind.CLOSED, Closed(state=State.SUPERSEDED, reason=readable(reason)), now)

        return self._change(gate, work)

    def intend_apply(self, gate: str, digest: str, now: datetime) -> bool:
        """Write that what has this digest is about to be written.

        True where this call wrote so; False where it was written before and nothing after it, so that whoever asks must
        look whether the change is there. Raises ApplyError where the gate is not approved, or applying has ended;
        GateChangedError where the digest is another one.
        """
        written: list[bool] = []

        def work(connection: Connection, found: Gate) -> None:
            written[:] = [applying.intend(connection, found, digest, now)]

        self._change(gate, work)
        return written[0]

    def applied(self, gate: str, commit: str, now: datetime, *, branch: str = "", repository: str = "") -> Gate:
        """Write that the change is in `commit`, on that branch in that folder; again for the same commit, nothing.

        Raises ApplyError.
        """
        written = Applied(commit=commit, branch=branch, repository=repository)
        return self._change(gate, lambda connection, found: applying.done(connection, found, written, now))

    def refuse_apply(self, gate: str, reason: str, now: datetime) -> Gate:
        """Write why nothing was written, which is final; where it was refused before, nothing. Raises ApplyError."""
        return self._change(gate, lambda connection, found: applying.refuse(connection, found, reason, now))

    def rolled_back(self, gate: str, actor: str, now: datetime, *, commit: str = "", reason: str = "") -> Gate:
        """Write that `actor` undid the change, by `commit` where undoing made one. Raises ApplyError."""
        return self._change(
            gate, lambda connection, found: applying.undo(connection, found, actor, now, commit=commit, reason=reason)
        )

    def verify(self, noted: Mark | None = None) -> Broken | None:
        """The first row that was touched, None where there is none.

        Rows cut off at the end, or all of it written anew, only show against what was `noted` elsewhere by `mark`.
        """
        return read(self._engine, lambda connection: verifying.verify(connection, noted))

    def mark(self) -> Mark | None:
        """Where the ledger ends now, to be noted where those who write to the database cannot; None while it is empty."""
        return read(self._engine, verifying.mark)

    def export(self, stream: TextIO) -> int:
        """Write every row as a line of canonical JSON, and return how many: enough to check the chain without us."""
        return read(self._engine, lambda connection: verifying.export(connection, stream))

    def _change_sound(self, gate: str, work: Callable[[Connection, Gate], None]) -> Gate | None:
        """None where the gate was changed since it was listed: the next survey names it, and the others go on."""
        try:
            return self._change(gate, work)
        except TamperedError:
            return None

    def _change(self, gate: str, work: Callable[[Connection, Gate], None]) -> Gate:
        def whole(connection: Connection) -> Gate:
            found = _load(connection, gate)
            work(connection, found)
            return _load(connection, found.id)

        return write(self._engine, whole)


def _load(connection: Connection, gate: str, within: str | None = None) -> Gate:
    wanted = gate.strip().lower()
    found = gates_of(connection, prefix=wanted, within=within) if _BEGINNING.fullmatch(wanted) else []
    if not found:
        raise UnknownGateError(f"there is no gate '{gate[:64]}'")
    if len(found) > 1:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise UnknownGateError(f"'{wanted}' begins several gates: {', '.join(found[:_SHOWN])}{more}")
    return gate_of(_rows(connection, found[0]))


def _rows(connection: Connection, gate: str) -> tuple[Entry, ...]:
    try:
        return entries_of(connection, gate)
    except UnreadableRowError as error:
        raise TamperedError(error.seq, NO_ROW) from error


def _check(gate: Gate, decision: Decision, policy: Policy) -> None:
    """Raises the error that says why this decision may not be written."""
    if (decision.actor == PREFECT_UI) is not (decision.door is Door.PREFECT_UI):
        raise NotAllowedError(f"'{PREFECT_UI}' is who answers in Prefect's page, and nobody else")
    reason = refusal(gate.request, decision.actor, gate.decisions, decision.at, policy)
    if any(said.actor == decision.actor for said in gate.decisions):
        raise DecidedAlreadyError(reason)
    if gate.state is not State.OPEN:
        raise NotAllowedError(f"the gate is closed: {gate.text}")
    if reason is not None:
        raise NotAllowedError(reason)
    if decision.digest != gate.digest:
        raise GateChangedError("what you decided about is not what this gate would do: look at it again")


def _settle(connection: Connection, request: GateRequest, decisions: tuple[Decision, ...], now: datetime) -> None:
    verdict = judge(request, decisions, now)
    if verdict.state is not State.OPEN:
        add(connection, request, Kind.CLOSED, Closed(state=verdict.state, reason=verdict.text), now)
