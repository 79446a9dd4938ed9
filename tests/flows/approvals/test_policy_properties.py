"""Whatever the policy and whoever speaks: what never happens, and what always does."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from flows.approvals import Choice, Decision, GateRequest, Policy, RiskLevel, State, judge, refusal
from flows.approvals.policy import eligible
from flows.definition.schema import Approval
from tests.flows.approvals.asking import HOUR, OPENED, request_of, said

PEOPLE = ("alice", "bob", "carol", "dave", "rita", "walt", "prefect-ui")
NAMED = st.lists(st.sampled_from(PEOPLE[:-1]), max_size=4)
APPROVERS = st.lists(
    st.sampled_from(["group:red", "group:blue", "group:none", *(f"user:{name}" for name in PEOPLE[:-1])]), max_size=3
).map(tuple)
RULES = st.fixed_dictionaries(
    {
        "risk": st.lists(st.sampled_from(RiskLevel), max_size=2),
        "paths": st.lists(st.sampled_from(["a/**", "b.txt"]), max_size=1),
        "approvers": APPROVERS,
        "quorum": st.integers(1, 3),
        "reject_quorum": st.none() | st.integers(1, 2),
    }
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any policy over a few people."""
    approvers = draw(APPROVERS)
    return Policy.model_validate(
        {
            "groups": {"red": draw(NAMED), "blue": draw(NAMED)},
            "approvers": approvers,
            "requester_may_approve": draw(st.booleans()),
            "author_may_approve": draw(st.booleans()),
            "prefect_ui": bool(approvers) and draw(st.booleans()),
            "rules": draw(st.lists(RULES, max_size=3)),
            "escalate": draw(st.none() | st.just({"after": "2h", "to": ["group:blue"]})),
        }
    )


@st.composite
def requests(draw: st.DrawFn) -> GateRequest:
    """Any request under any policy."""
    policy = draw(policies())
    approval = draw(st.none() | st.builds(Approval, approvers=APPROVERS, quorum=st.integers(1, 3)))
    files = draw(st.lists(st.sampled_from(["a/x", "b.txt", "c"]), max_size=2))
    return request_of(policy, approval, risk=draw(st.sampled_from(RiskLevel)), files=files)


@st.composite
def gates(draw: st.DrawFn) -> tuple[GateRequest, list[Decision]]:
    """A request and what people say, at most once each, in time or not."""
    request = draw(requests())
    actors = draw(st.lists(st.sampled_from(PEOPLE), unique=True))
    at = st.integers(0, 30).map(lambda hours: OPENED + hours * HOUR)
    return request, [said(request, actor, draw(st.sampled_from(Choice)), draw(at)) for actor in actors]


def may(request: GateRequest, decision: Decision) -> bool:
    """Whether somebody counts, by the rules as they are written and not as they are computed."""
    needed = request.requirement
    who = decision.actor
    if who == request.requester and not needed.requester_may_approve:
        return False
    if who == request.author and not needed.author_may_approve:
        return False
    if decision.at >= request.expires:
        return False
    if who == "prefect-ui":
        return request.risk is not RiskLevel.HIGH and any(clause.anonymous for clause in needed.clauses)
    late = request.escalate is not None and decision.at >= request.escalate
    stands_in = late and any(clause.approvers and not clause.by_path for clause in needed.clauses)
    named = [approver for clause in needed.clauses for approver in clause.approvers]
    named += needed.escalates_to if stands_in else ()
    return any(who in needed.members[approver] for approver in named)


@given(gates(), st.integers(0, 48))
def test_nothing_is_approved_without_enough_different_people_who_may(
    gate: tuple[GateRequest, list[Decision]], hour: int
) -> None:
    request, decisions = gate
    verdict = judge(request, decisions, OPENED + hour * HOUR)
    if verdict.state is State.APPROVED:
        yeses = {item.actor for item in decisions if item.choice is Choice.APPROVE and may(request, item)}
        assert len(yeses) >= request.requirement.quorum
        assert set(verdict.approved) <= yeses
        for clause in request.requirement.clauses:
            theirs = [item.actor for item in decisions if item.actor in eligible(request, clause, item.at)]
            assert len(yeses.intersection(theirs)) >= clause.quorum
            assert clause.approvers


@given(gates(), st.integers(0, 48), st.randoms(use_true_random=False))
def test_the_order_of_decisions_does_not_matter(gate: tuple[GateRequest, list[Decision]], hour: int, random: object) -> None:
    request, decisions = gate
    now = OPENED + hour * HOUR
    shuffled = list(decisions)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert judge(request, shuffled, now) == judge(request, decisions, now)


@given(gates(), st.integers(0, 48))
def test_one_no_of_somebody_who_may_ends_it_where_one_is_enough(gate: tuple[GateRequest, list[Decision]], hour: int) -> None:
    request, decisions = gate
    noes = {item.actor for item in decisions if item.choice is Choice.REJECT and may(request, item)}
    state = judge(request, decisions, OPENED + hour * HOUR).state
    assert (state is State.REJECTED) == (len(noes) >= request.requirement.reject_quorum)


@given(gates(), st.sampled_from([*PEOPLE, "mallory"]), st.sampled_from(Choice), st.integers(0, 30))
def test_who_may_not_changes_nothing(
    gate: tuple[GateRequest, list[Decision]], actor: str, choice: Choice, hour: int
) -> None:
    request, decisions = gate
    word = said(request, actor, choice, OPENED + hour * HOUR)
    if not may(request, word):
        now = OPENED + 12 * HOUR
        others = [item for item in decisions if item.actor != actor]
        assert judge(request, [*others, word], now) == judge(request, others, now)


@given(gates())
def test_what_was_said_about_something_else_changes_nothing(gate: tuple[GateRequest, list[Decision]]) -> None:
    request, decisions = gate
    stale = [item.model_copy(update={"digest": "0" * 64}) for item in decisions]
    assert judge(request, stale, OPENED) == judge(request, [], OPENED)


@given(policies(), requests(), st.sampled_from([*PEOPLE, "mallory"]), st.integers(0, 30))
def test_whoever_is_not_refused_counts(policy: Policy, request: GateRequest, actor: str, hour: int) -> None:
    now = OPENED + hour * HOUR
    if refusal(request, actor, [], now, policy) is None:
        assert may(request, said(request, actor, at=now))


@given(gates())
def test_after_expiry_a_gate_is_never_open(gate: tuple[GateRequest, list[Decision]]) -> None:
    request, decisions = gate
    assert judge(request, decisions, request.expires).state is not State.OPEN
    assert judge(request, [], request.expires - timedelta(microseconds=1)).state is State.OPEN
