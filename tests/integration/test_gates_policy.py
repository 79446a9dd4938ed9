"""The policy file is edited while gates wait: what today's forbids is forbidden, and nothing becomes easier."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from flows.approvals import Choice, Door, Gate, NotAllowedError, PolicyError, State
from flows.service.approvals import Approvals
from flows.settings import local_person
from tests.integration.yard import Yard, branches, policy_text, update

pytestmark = pytest.mark.prefect

Edit = Callable[[str, str], None]


@pytest.fixture
def edit(yard: Yard) -> Iterator[Edit]:
    """Replaces a text in the policy file; afterwards it is what it was."""

    def replace(old: str, new: str) -> None:
        before = yard.policy_file.read_text(encoding="utf-8")
        assert old in before
        yard.policy_file.write_text(before.replace(old, new), encoding="utf-8")

    yield replace
    yard.policy_file.write_text(policy_text(), encoding="utf-8")


@pytest.fixture
def hub(yard: Yard) -> Approvals:
    """What a page holds for weeks: made before the policy is edited."""
    made = Approvals(yard.config)
    made.mine("ann")
    return made


def waiting(yard: Yard, **approval: Any) -> tuple[UUID, Gate]:
    """A run that waits for people."""
    run = yard.start(yard.repository(), update("fix", approval={"expires": "1h", **approval}))
    gate = yard.gate(run)
    yard.reaches(run, "Paused")
    return run, gate


def decide(hub: Approvals, gate: Gate, actor: str, choice: Choice = Choice.APPROVE) -> State:
    """What somebody says in the page, and how the gate is then."""
    return hub.decide(gate.id, choice, note="", digest=gate.digest, door=Door.PAGE, actor=actor).state


def test_who_has_left_the_group_may_not_decide_and_who_has_joined_it_may_not_yet(
    yard: Yard, hub: Approvals, edit: Edit
) -> None:
    run, gate = waiting(yard, approvers=["group:crew"])
    edit("crew: [ann, bob, cid]", "crew: [bob, cid, eve]")
    with pytest.raises(NotAllowedError, match="ann is no longer in group:crew"):
        decide(hub, gate, "ann")
    with pytest.raises(NotAllowedError, match="eve is not one of those who may decide"):
        decide(hub, gate, "eve")
    assert gate.id not in {found.id for who in ("ann", "eve") for found in hub.mine(who)}
    assert decide(hub, gate, "bob") is State.APPROVED
    assert yard.ends(run) == "Completed"


def test_a_yes_from_before_its_giver_left_the_group_stands(yard: Yard, hub: Approvals, edit: Edit) -> None:
    run, gate = waiting(yard, approvers=["group:crew"], quorum=2)
    assert decide(hub, gate, "ann") is State.OPEN
    edit("crew: [ann, bob, cid]", "crew: [bob, cid]")
    assert decide(hub, gate, "bob") is State.APPROVED
    assert yard.ends(run) == "Completed"


def test_a_gate_keeps_the_quorum_that_it_opened_with_and_the_next_has_the_new_one(
    yard: Yard, hub: Approvals, edit: Edit
) -> None:
    run, gate = waiting(yard, approvers=["group:crew"])
    edit("rules:\n", "rules:\n  - {quorum: 2}\n")
    assert decide(hub, gate, "ann") is State.APPROVED
    assert yard.ends(run) == "Completed"
    after, later = waiting(yard, approvers=["group:crew"])
    assert later.request.policy_version != gate.request.policy_version
    assert decide(hub, later, "ann") is State.OPEN
    assert decide(hub, later, "bob") is State.APPROVED
    assert yard.ends(after) == "Completed"


def test_whoever_asked_may_approve_only_where_the_policy_says_so_then_and_now(
    yard: Yard, hub: Approvals, edit: Edit
) -> None:
    me = local_person()
    approvers = [f"user:{me}", "group:crew"]
    strict, kept = waiting(yard, approvers=approvers)
    edit("prefect_ui: true", "prefect_ui: true\nrequester_may_approve: true\nauthor_may_approve: true")
    with pytest.raises(NotAllowedError, match="asked for this run"):
        decide(hub, kept, me)
    decide(hub, kept, "ann", Choice.REJECT)
    lenient, opened = waiting(yard, approvers=approvers)
    assert opened.id in {gate.id for gate in hub.mine(me)}
    edit("requester_may_approve: true", "requester_may_approve: false")
    with pytest.raises(NotAllowedError, match="asked for this run"):
        decide(hub, opened, me)
    edit("requester_may_approve: false\nauthor_may_approve: true", "requester_may_approve: true\nauthor_may_approve: false")
    with pytest.raises(NotAllowedError, match="wrote this workflow"):
        decide(hub, opened, me)
    edit("author_may_approve: false", "author_may_approve: true")
    assert decide(hub, opened, me) is State.APPROVED
    assert (yard.ends(strict), yard.ends(lenient)) == ("Rejected", "Completed")


def test_an_answer_in_prefects_page_counts_no_longer_once_the_policy_says_so(yard: Yard, hub: Approvals, edit: Edit) -> None:
    run, gate = waiting(yard, approvers=["group:crew"])
    edit("prefect_ui: true", "prefect_ui: false")
    yard.client.resume_flow_run(run, run_input={"gate": gate.id, "answer": "approve"})
    yard.reaches(run, "Running")
    yard.reaches(run, "Paused")
    assert yard.ledger.gate(gate.id).decisions == ()
    decide(hub, gate, "ann", Choice.REJECT)
    assert yard.ends(run) == "Rejected"


def test_nobody_decides_by_a_policy_with_a_mistake_in_it_and_the_run_waits_on(
    yard: Yard, hub: Approvals, edit: Edit
) -> None:
    repository = yard.repository()
    run = yard.start(repository, update("fix"))
    gate = yard.gate(run)
    yard.reaches(run, "Paused")
    edit("approvers: [", "aprovers: [")
    with pytest.raises(PolicyError, match="approvers"):
        decide(hub, gate, "ann")
    yard.client.resume_flow_run(run, run_input={"gate": gate.id, "answer": "approve"})
    yard.reaches(run, "Running")
    yard.reaches(run, "Paused")
    assert yard.ledger.gate(gate.id).decisions == ()
    assert branches(repository) == set()
    edit("aprovers: [", "approvers: [")
    assert decide(hub, gate, "ann") is State.APPROVED
    assert yard.ends(run) == "Completed"
