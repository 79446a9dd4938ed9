"""Several hubs at once: one row where there may be one, and everybody is told what happened."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import URL

from flows.approvals import (
    Choice,
    DecidedAlreadyError,
    Door,
    GateRequest,
    Ledger,
    NotAllowedError,
    Policy,
    State,
    single_user,
)
from flows.definition.schema import Approval
from flows.store.engine import open_url
from tests.flows.approvals.asking import HOUR, OPENED, request_of
from tests.flows.processes import at_once

LATER = OPENED + HOUR
TEAM = Policy(groups={"team": ("alice", "bob", "carol", "dave")})
TWO = Approval(approvers=("group:team",), quorum=2)

Word = tuple[URL, GateRequest, str, Choice]


def say(word: Word) -> str:
    url, request, actor, choice = word
    try:
        gate = Ledger(open_url(url)).decide(
            request.gate, actor, choice, digest=request.digest, door=Door.PAGE, now=LATER, policy=TEAM
        )
    except (DecidedAlreadyError, NotAllowedError) as error:
        return str(error)
    return gate.state.value


def intend(word: tuple[URL, GateRequest]) -> bool:
    url, request = word
    return Ledger(open_url(url)).intend_apply(request.gate, request.digest, LATER)


def ask(word: tuple[URL, GateRequest]) -> GateRequest:
    url, request = word
    return Ledger(open_url(url)).request(request)


def test_a_double_click_on_two_replicas_makes_one_row(database: URL) -> None:
    request = Ledger(open_url(database)).request(request_of(TEAM, TWO))
    word: Word = (database, request, "alice", Choice.APPROVE)
    told = at_once(say, [word] * 4)
    assert Counter(told) == {"open": 1, "alice has decided already: approve": 3}
    ledger = Ledger(open_url(database))
    assert [item.actor for item in ledger.gate(request.gate).decisions] == ["alice"]
    assert ledger.verify() is None


def test_four_people_at_once_close_it_once(database: URL) -> None:
    request = Ledger(open_url(database)).request(request_of(TEAM, TWO))
    told = at_once(say, [(database, request, actor, Choice.APPROVE) for actor in TEAM.groups["team"]])
    gate = Ledger(open_url(database)).gate(request.gate)
    assert (gate.state, len(gate.decisions)) == (State.APPROVED, 2)
    assert Counter(told) == {"open": 1, "approved": 1, f"the gate is closed: {gate.text}": 2}


def test_a_yes_and_a_no_at_once_end_in_one_of_both(database: URL) -> None:
    one = Approval(approvers=("group:team",))
    request = Ledger(open_url(database)).request(request_of(TEAM, one))
    at_once(say, [(database, request, "alice", Choice.APPROVE), (database, request, "bob", Choice.REJECT)])
    ledger = Ledger(open_url(database))
    gate = ledger.gate(request.gate)
    assert (gate.state, gate.text) in {(State.APPROVED, "approved by alice"), (State.REJECTED, "rejected by bob")}
    assert len(gate.decisions) == 1
    assert ledger.verify() is None


def test_a_run_entered_twice_opens_one_gate_and_applies_once(database: URL) -> None:
    policy = single_user("zoe")
    request = request_of(policy)
    assert at_once(ask, [(database, request)] * 3) == [request] * 3
    ledger = Ledger(open_url(database))
    ledger.decide(request.gate, "zoe", Choice.APPROVE, digest=request.digest, door=Door.CLI, now=LATER, policy=policy)
    assert sorted(at_once(intend, [(database, request)] * 3)) == [False, False, True]
    assert ledger.verify() is None
