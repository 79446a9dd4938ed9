"""After an approval: intent, then done or refused, then perhaps undone; each once, and only what was approved."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from flows.approvals import (
    ApplyError,
    Choice,
    Door,
    GateChangedError,
    GateRequest,
    Kind,
    Ledger,
    State,
    Step,
    TamperedError,
    single_user,
)
from flows.approvals.gate import Closed
from flows.approvals.writing import add
from flows.errors import InvalidInputError
from flows.store import write
from tests.flows.approvals.asking import HOUR, OPENED, request_of

POLICY = single_user("zoe")
LATER = OPENED + HOUR


@pytest.fixture
def ledger(store: Engine) -> Ledger:
    return Ledger(store)


@pytest.fixture
def request_() -> GateRequest:
    return request_of(POLICY)


def approve(ledger: Ledger, request: GateRequest, choice: Choice = Choice.APPROVE) -> None:
    ledger.request(request)
    ledger.decide(request.gate, "zoe", choice, digest=request.digest, door=Door.CLI, now=LATER, policy=POLICY)


def test_the_way_of_a_change(ledger: Ledger, request_: GateRequest) -> None:
    approve(ledger, request_)
    assert ledger.intend_apply(request_.gate, request_.digest, LATER)
    assert ledger.gate(request_.gate).apply.step is Step.INTENDED
    gate = ledger.applied(request_.gate, "c1", LATER)
    assert (gate.apply.step, gate.apply.commit, gate.apply.at) == (Step.APPLIED, "c1", LATER)
    undone = ledger.rolled_back(request_.gate, "Zoe", LATER, commit="c2", reason="broke the build")
    assert (undone.apply.step, undone.apply.commit, undone.apply.by) == (Step.ROLLED_BACK, "c2", "zoe")
    assert ledger.verify() is None


def test_who_comes_back_after_a_crash_is_told_to_look(ledger: Ledger, request_: GateRequest) -> None:
    approve(ledger, request_)
    assert ledger.intend_apply(request_.gate, request_.digest, LATER) is True
    assert ledger.intend_apply(request_.gate, request_.digest, LATER) is False
    ledger.applied(request_.gate, "c1", LATER)
    assert ledger.applied(request_.gate, "c1", LATER + HOUR).apply.at == LATER


def test_an_approval_is_used_once(ledger: Ledger, request_: GateRequest) -> None:
    approve(ledger, request_)
    ledger.intend_apply(request_.gate, request_.digest, LATER)
    ledger.applied(request_.gate, "c1", LATER)
    with pytest.raises(ApplyError, match="has been used: it was applied in c1"):
        ledger.intend_apply(request_.gate, request_.digest, LATER)
    with pytest.raises(ApplyError, match="c2 was not about to be written: it was applied in c1"):
        ledger.applied(request_.gate, "c2", LATER)
    with pytest.raises(ApplyError, match="cannot be refused any more"):
        ledger.refuse_apply(request_.gate, "late", LATER)


def test_only_what_was_approved_is_written(ledger: Ledger, request_: GateRequest) -> None:
    approve(ledger, request_)
    with pytest.raises(GateChangedError, match="nothing is written"):
        ledger.intend_apply(request_.gate, "0" * 64, LATER)
    assert ledger.gate(request_.gate).apply.step is Step.NONE


def test_an_open_gate_lets_nothing_through(ledger: Ledger, request_: GateRequest) -> None:
    ledger.request(request_)
    with pytest.raises(ApplyError, match="this gate is open"):
        ledger.intend_apply(request_.gate, request_.digest, LATER)


def test_nor_does_a_rejected_one(ledger: Ledger, request_: GateRequest) -> None:
    approve(ledger, request_, Choice.REJECT)
    with pytest.raises(ApplyError, match=r"not approved \(rejected by zoe"):
        ledger.intend_apply(request_.gate, request_.digest, LATER)


def test_an_outcome_that_nobody_decided_lets_nothing_through(ledger: Ledger, store: Engine, request_: GateRequest) -> None:
    ledger.request(request_)
    forged = Closed(state=State.APPROVED, reason="approved by zoe")
    write(store, lambda connection: add(connection, request_, Kind.CLOSED, forged, LATER))
    with pytest.raises(TamperedError, match="its decisions do not say so"):
        ledger.intend_apply(request_.gate, request_.digest, LATER)


def test_nor_does_one_that_expired(ledger: Ledger, request_: GateRequest) -> None:
    ledger.request(request_)
    ledger.expire(request_.expires)
    with pytest.raises(ApplyError, match=r"not approved \(expired"):
        ledger.intend_apply(request_.gate, request_.digest, LATER)


def test_what_was_approved_in_time_may_be_written_later(ledger: Ledger, request_: GateRequest) -> None:
    approve(ledger, request_)
    assert ledger.expire(request_.expires) == ()
    assert ledger.intend_apply(request_.gate, request_.digest, request_.expires + HOUR)


@pytest.mark.parametrize("intended", [False, True])
def test_a_refusal_is_final_and_its_reason_is_kept_whatever_is_in_it(
    ledger: Ledger, request_: GateRequest, *, intended: bool
) -> None:
    approve(ledger, request_)
    if intended:
        ledger.intend_apply(request_.gate, request_.digest, LATER)
    ledger.refuse_apply(request_.gate, "base moved\x1b[0m", LATER)
    gate = ledger.refuse_apply(request_.gate, "another reason", LATER)
    assert (gate.apply.step, gate.apply.reason) == (Step.REFUSED, "base moved\ufffd[0m")
    with pytest.raises(ApplyError, match=r"was refused \(base moved"):
        ledger.intend_apply(request_.gate, request_.digest, LATER)
    with pytest.raises(ApplyError, match="not about to be written"):
        ledger.applied(request_.gate, "c1", LATER)


def test_nothing_is_done_without_an_intent(ledger: Ledger, request_: GateRequest) -> None:
    approve(ledger, request_)
    with pytest.raises(ApplyError, match="nothing was about to be written"):
        ledger.applied(request_.gate, "c1", LATER)


def test_only_what_was_done_is_undone_and_once(ledger: Ledger, request_: GateRequest) -> None:
    approve(ledger, request_)
    with pytest.raises(ApplyError, match="nothing to undo"):
        ledger.rolled_back(request_.gate, "zoe", LATER)
    ledger.intend_apply(request_.gate, request_.digest, LATER)
    ledger.applied(request_.gate, "c1", LATER)
    with pytest.raises(InvalidInputError):
        ledger.rolled_back(request_.gate, "", LATER)
    ledger.rolled_back(request_.gate, "zoe", LATER)
    with pytest.raises(ApplyError, match="rolled back by zoe"):
        ledger.rolled_back(request_.gate, "bob", LATER)
