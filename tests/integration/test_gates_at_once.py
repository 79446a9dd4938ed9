"""Decisions in the same moment: a click that comes twice, and one that comes when time is over."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from flows.approvals import ApprovalError, Choice, Door, State
from flows.reports import archive
from flows.service.approvals import Approvals
from flows.settings import Settings
from tests.flows.processes import at_once
from tests.integration.yard import CREW, Yard, branches, say, update, written

pytestmark = pytest.mark.prefect

REFUSED = "refused"
AROUND = (-1.0, -0.5, -0.2, -0.1, -0.05, -0.02, 0.0, 0.02, 0.1, 0.3)
"""Seconds from the end of a gate's time."""


def click(word: tuple[Settings, str, str, str, float]) -> str:
    """Approve as a hub of one's own does, at that moment; how the gate is then, or that it was refused."""
    config, actor, gate, digest, moment = word
    approvals = Approvals(config)
    approvals.get(gate)  # so that all have the database open when the moment comes
    time.sleep(max(moment - time.time(), 0))
    try:
        return approvals.decide(gate, Choice.APPROVE, note="", digest=digest, door=Door.PAGE, actor=actor).state.value
    except ApprovalError:
        return REFUSED


def test_a_double_click_at_two_replicas_is_one_decision_and_one_change(yard: Yard) -> None:
    repository = yard.repository()
    run = yard.start(repository, update("fix"))
    gate = yard.gate(run)
    moment = time.time() + 3
    told = at_once(click, [(yard.config, "ann", gate.id, gate.digest, moment)] * 2)
    assert sorted(told) == ["approved", REFUSED]
    assert yard.ends(run) == "Completed"
    after = yard.ledger.gate(gate.id)
    assert [decision.actor for decision in after.decisions] == ["ann"]
    assert len(written(repository, after)) == len(branches(repository)) == 1
    assert yard.ledger.verify() is None


def test_who_comes_when_time_is_over_is_refused_and_nobody_is_both(yard: Yard) -> None:
    """Each gate is asked about by another process at another moment around the end that they share."""
    approval = {**CREW, "expires": "20s"}
    items = [*range(len(AROUND))]
    node = say(
        "ask", "item {{ item }}", approval=approval, for_each={"items": items, "concurrency": 10}, on_error="continue"
    )
    run = yard.start(yard.repository(), node)
    gates = yard.gates(run, len(AROUND))
    words = [
        (yard.config, "ann", gate.id, gate.digest, gate.request.expires.timestamp() + offset)
        for gate, offset in zip(gates, AROUND, strict=True)
    ]
    told = at_once(click, words)
    assert yard.ends(run) == "Completed"
    ran = {str((node.report or {}).get("text")) for node in archive.load(run).nodes if node.status.ok and not node.group}
    for gate, offset, said in zip(gates, AROUND, told, strict=True):
        after = yard.ledger.gate(gate.id)
        item = f"item {gate.request.node.split('/')[1]}"
        if offset >= 0:
            assert said == REFUSED
        if said == REFUSED:
            assert (after.state, after.decisions, item in ran) == (State.EXPIRED, (), False)
        else:
            (decision,) = after.decisions
            assert (after.state, item in ran) == (State.APPROVED, True)
            assert decision.at < after.request.expires <= datetime.now(UTC)
