"""Whom a gate's news goes to, and how; nobody is told who could do nothing about it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flows.approvals import Choice, Gate, GateRequest, Kind, Policy, State
from flows.approvals.telling import Telling, deciders, matters, tellings
from tests.flows.approvals.asking import HOUR, OPENED, request_of, said

GROUPS = {"security": ["alice", "bob"], "leads": ["frank"]}


def policy_of(**notify: str) -> Policy:
    named = {name.replace("_", ":"): block for name, block in notify.items()}
    return Policy.model_validate(
        {
            "groups": GROUPS,
            "approvers": ["group:security", "user:dave"],
            "escalate": {"after": "8h", "to": "group:leads"},
            "notify": named,
        }
    )


def gate_of(policy: Policy, **changes: object) -> Gate:
    request = request_of(policy)
    return Gate(request=request, digest=request.digest).model_copy(update=changes)


def told(kind: Kind, **notify: str) -> list[tuple[str, str]]:
    policy = policy_of(**notify)
    return [(telling.to, telling.channel) for telling in tellings(gate_of(policy), kind, policy)]


def test_without_a_channel_nobody_is_told() -> None:
    assert told(Kind.REQUESTED) == []


@pytest.mark.parametrize("kind", [Kind.REQUESTED, Kind.REMINDED])
def test_those_who_may_decide_are_told_each_by_their_channel(kind: Kind) -> None:
    assert told(kind, group_security="slack-webhook/s", user_dave="custom-webhook/dave") == [
        ("group:security", "slack-webhook/s"),
        ("user:dave", "custom-webhook/dave"),
    ]


def test_who_has_no_channel_is_told_by_that_of_all() -> None:
    assert told(Kind.REQUESTED, default="a/all", user_dave="a/dave") == [
        ("group:security", "a/all"),
        ("user:dave", "a/dave"),
    ]


def test_a_group_without_a_channel_is_told_by_those_of_its_people() -> None:
    assert told(Kind.REQUESTED, user_alice="a/alice", user_bob="a/bob") == [("user:alice", "a/alice"), ("user:bob", "a/bob")]


def test_people_of_a_group_who_have_none_are_told_by_that_of_all() -> None:
    assert told(Kind.REQUESTED, user_alice="a/alice", default="a/all")[:2] == [
        ("user:alice", "a/alice"),
        ("group:security", "a/all"),
    ]


def test_an_escalation_is_told_to_those_who_may_decide_from_then_on() -> None:
    assert told(Kind.ESCALATED, default="a/all") == [("group:leads", "a/all")]


def test_the_end_is_told_to_who_asked_for_the_run() -> None:
    assert told(Kind.CLOSED, default="a/all", user_rita="a/rita") == [("user:rita", "a/rita")]


def test_who_is_told_twice_by_one_channel_is_told_once() -> None:
    policy = policy_of(default="a/all")
    request = request_of(policy)
    twice = request.requirement.model_copy(update={"clauses": request.requirement.clauses * 2})
    gate = Gate(request=request.model_copy(update={"requirement": twice}), digest="")
    assert len(tellings(gate, Kind.REQUESTED, policy)) == 2
    assert tellings(gate, Kind.REQUESTED, policy)[0] == Telling(to="group:security", channel="a/all")


def test_who_asked_or_has_decided_has_nothing_to_decide() -> None:
    policy = policy_of()
    request: GateRequest = request_of(policy, requester="alice")
    gate = Gate(request=request, digest=request.digest)
    assert deciders(gate, "group:security", OPENED) == ("bob",)
    assert deciders(gate, "user:alice", OPENED) == ()
    assert deciders(gate, "user:dave", OPENED) == ("dave",)
    decided = gate.model_copy(update={"decisions": (said(request, "bob", Choice.APPROVE),)})
    assert deciders(decided, "group:security", OPENED + HOUR) == ()


def test_those_of_an_escalation_may_decide_from_then_on_alone() -> None:
    gate = gate_of(policy_of())
    assert deciders(gate, "group:leads", OPENED) == ()
    assert deciders(gate, "group:leads", OPENED + timedelta(hours=9)) == ("frank",)


@pytest.mark.parametrize("state", State)
def test_that_a_gate_waits_matters_while_it_does_and_its_end_where_people_made_it(state: State) -> None:
    gate = gate_of(policy_of(), state=state)
    assert matters(gate, Kind.REMINDED) is (state is State.OPEN)
    assert matters(gate, Kind.CLOSED) is (state in {State.APPROVED, State.REJECTED, State.EXPIRED})
