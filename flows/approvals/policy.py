"""Who may decide, and when enough have: no clock, no I/O, and no where nothing says yes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from agents.contract.manifest import Risk
from agents.contract.schema import Frozen
from flows.approvals.globs import any_matches
from flows.approvals.hours import later
from flows.approvals.rules import GROUP, Policy, Rule
from flows.approvals.schema import PREFECT_UI, Choice, Clause, Decision, GateRequest, Requirement, RiskLevel
from flows.approvals.texts import person
from flows.definition.schema import Approval


class State(StrEnum):
    """How a gate stands."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class Verdict(Frozen):
    """How a gate stands and who brought it there; `waiting` names whose yes is lacking, `text` says it all."""

    state: State
    approved: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    text: str


class Deadlines(Frozen):
    """When a gate's time is over, and what happens before; in UTC."""

    expires: datetime
    remind: datetime | None = None
    escalate: datetime | None = None


class Due(StrEnum):
    """What happens while a gate waits."""

    REMIND = "remind"
    ESCALATE = "escalate"


def risk_of(manifest: Risk, files: Iterable[str], policy: Policy) -> RiskLevel:
    """HIGH where a file is one of the policy's `high_risk`; else MEDIUM for an agent that needs approval, LOW for others."""
    if any_matches(policy.high_risk, files):
        return RiskLevel.HIGH
    return RiskLevel.MEDIUM if manifest is Risk.APPROVAL_REQUIRED else RiskLevel.LOW


def requirement(policy: Policy, approval: Approval | None, risk: RiskLevel, files: Sequence[str]) -> Requirement:
    """All that the node and every rule that fits ask for, together.

    The node's approvers, or the policy's where it names none, and the approvers of each rule make a clause each. Where
    none does, nobody may.
    """
    rules = [rule for rule in policy.rules if _fits(rule, risk, files)]
    named = [rule for rule in rules if rule.approvers]
    asked = approval.quorum if approval else 1
    own = (approval.approvers if approval else ()) or policy.approvers
    quorum = max([asked, *(rule.quorum for rule in rules)])
    anonymous = policy.prefect_ui and risk is not RiskLevel.HIGH and quorum == 1
    clauses = [_clause(policy, rule.approvers, rule.quorum, by_path=bool(rule.paths), anonymous=anonymous) for rule in named]
    if own or all(rule.paths for rule in named):
        clauses.insert(0, _clause(policy, own, asked, anonymous=anonymous))
    escalates_to = policy.escalate.to if policy.escalate else ()
    every = {*escalates_to, *(approver for clause in clauses for approver in clause.approvers)}
    return Requirement(
        clauses=tuple(dict.fromkeys(clauses)),
        quorum=quorum,
        reject_quorum=min((rule.reject_quorum for rule in rules if rule.reject_quorum), default=1),
        members={approver: policy.members(approver) for approver in sorted(every)},
        escalates_to=escalates_to,
        requester_may_approve=policy.requester_may_approve,
        author_may_approve=policy.author_may_approve,
    )


def _fits(rule: Rule, risk: RiskLevel, files: Sequence[str]) -> bool:
    return (not rule.risk or risk in rule.risk) and (not rule.paths or any_matches(rule.paths, files))


def _clause(
    policy: Policy, approvers: tuple[str, ...], quorum: int, *, by_path: bool = False, anonymous: bool = False
) -> Clause:
    # An answer without a name is one of the policy's `approvers`: it counts where one of those would.
    several = {name for approver in policy.approvers for name in policy.members(approver)}
    meant = {name for approver in approvers for name in policy.members(approver)}
    stands_in = anonymous and not by_path and bool(several & meant)
    return Clause(approvers=approvers, quorum=quorum, by_path=by_path, anonymous=stands_in)


def deadlines(policy: Policy, opened: datetime, approval: Approval | None) -> Deadlines:
    """When a gate that opens at `opened` expires: after the shorter of the node's time and the policy's.

    A reminder or an escalation that would come no sooner than that does not come.
    """
    wanted = (approval or Approval()).expires
    expires = later(opened, min(wanted, policy.expires or wanted), policy.hours)
    remind = later(opened, policy.remind_after, policy.hours) if policy.remind_after else None
    escalate = later(opened, policy.escalate.after, policy.hours) if policy.escalate else None
    return Deadlines(
        expires=expires,
        remind=remind if remind and remind < expires else None,
        escalate=escalate if escalate and escalate < expires else None,
    )


def due(request: GateRequest, done: Collection[Due], now: datetime) -> tuple[Due, ...]:
    """What should happen at an open gate by now and has not: each once, and no reminder after an escalation."""
    if now >= request.expires or Due.ESCALATE in done:
        return ()
    remind = request.remind is not None and now >= request.remind and Due.REMIND not in done
    escalate = request.escalate is not None and now >= request.escalate
    return (*([Due.REMIND] if remind else []), *([Due.ESCALATE] if escalate else []))


def eligible(request: GateRequest, clause: Clause, at: datetime) -> frozenset[str]:
    """Whose yes counts for a clause at a moment: those named, less the requester and the author where they may not."""
    needed = request.requirement
    people = set(needed.people(clause.approvers))
    late = request.escalate is not None and at >= request.escalate
    if late and clause.approvers and not clause.by_path:  # nobody stands in for nobody
        people |= needed.people(needed.escalates_to)
    people.discard(PREFECT_UI)
    if clause.anonymous and request.risk is not RiskLevel.HIGH and needed.quorum == 1:
        people.add(PREFECT_UI)
    if not needed.requester_may_approve:
        people.discard(request.requester)
    if not needed.author_may_approve:
        people.discard(request.author)
    return frozenset(people)


def unreachable(request: GateRequest) -> str | None:
    """Why this gate can only be rejected or expire, whoever decides; None where enough people could say yes."""
    needed = request.requirement
    at = request.escalate or request.opened
    every: set[str] = set()
    for clause in needed.clauses:
        people = eligible(request, clause, at)
        every |= people
        if not clause.approvers:
            return "no approvers are named, so nobody may approve"
        if len(people) < clause.quorum:
            return f"{clause.quorum} of {_named(clause.approvers)} must approve, and {len(people)} may"
    if len(every) < needed.quorum:
        return f"{needed.quorum} people must approve, and {len(every)} may"
    return None


def refusal(request: GateRequest, actor: str, decisions: Sequence[Decision], now: datetime, policy: Policy) -> str | None:
    """Why this person may not decide here now; None where they may.

    The requirement is the one the gate opened with; by the policy as it is now, the person must still be all that they
    were then, and what it forbids counts at once. Raises ValueError for what is no name.
    """
    who = person(actor)
    said = next((decision for decision in decisions if decision.actor == who), None)
    if said is not None:
        return f"{who} has decided already: {said.choice.value}"
    verdict = judge(request, decisions, now)
    if verdict.state is not State.OPEN:
        return f"the gate is closed: {verdict.text}"
    needed = request.requirement
    if who == request.requester and not (needed.requester_may_approve and policy.requester_may_approve):
        return f"{who} asked for this run and may not decide about it"
    if who == request.author and not (needed.author_may_approve and policy.author_may_approve):
        return f"{who} wrote this workflow and may not decide about it"
    if who not in all_eligible(request, now):
        return _not_listed(request, who)
    return _no_longer(request, who, policy)


def judge(request: GateRequest, decisions: Iterable[Decision], now: datetime) -> Verdict:
    """How the gate stands. Only decisions count of people who might make them, before it expired, on this very digest.

    A person counts once; who has said yes and no has said no. Noes end the gate whatever the yeses; the moment of
    expiry is too late.
    """
    needed = request.requirement
    counted = [decision for decision in decisions if _counts(request, decision)]
    rejected = {decision.actor for decision in counted if decision.choice is Choice.REJECT}
    yeses = [decision for decision in counted if decision.actor not in rejected]
    approved = {decision.actor for decision in yeses}
    shown = {"approved": tuple(sorted(approved)), "rejected": tuple(sorted(rejected))}
    if len(rejected) >= needed.reject_quorum:
        return Verdict(state=State.REJECTED, text=f"rejected by {', '.join(sorted(rejected))}", **shown)
    waiting = tuple(_named(clause.approvers) for clause in needed.clauses if _lacks(request, clause, yeses))
    if not waiting and len(approved) >= needed.quorum:
        return Verdict(state=State.APPROVED, text=f"approved by {', '.join(sorted(approved))}", **shown)
    if now >= request.expires:
        return Verdict(state=State.EXPIRED, text=f"expired at {request.expires:%Y-%m-%d %H:%M %Z}", waiting=waiting, **shown)
    lacking = f", waiting for {' and '.join(waiting)}" if waiting else ""
    return Verdict(state=State.OPEN, text=f"{len(approved)} of {needed.quorum}{lacking}", waiting=waiting, **shown)


def _counts(request: GateRequest, decision: Decision) -> bool:
    in_time = decision.at < request.expires
    return in_time and decision.digest == request.digest and decision.actor in all_eligible(request, decision.at)


def _lacks(request: GateRequest, clause: Clause, yeses: Iterable[Decision]) -> bool:
    people = {decision.actor for decision in yeses if decision.actor in eligible(request, clause, decision.at)}
    return len(people) < clause.quorum


def all_eligible(request: GateRequest, at: datetime) -> frozenset[str]:
    """Whose word counts at a moment, whatever the clause."""
    return frozenset().union(*(eligible(request, clause, at) for clause in request.requirement.clauses))


def _not_listed(request: GateRequest, who: str) -> str:
    if who == PREFECT_UI:
        return "an answer in Prefect's page has no name, and this gate needs one: decide in Dockyard"
    return f"{who} is not one of those who may decide: {_named(request.requirement.asked)}"


def _no_longer(request: GateRequest, who: str, policy: Policy) -> str | None:
    if who == PREFECT_UI:
        return None if policy.prefect_ui else "the policy has changed: an answer in Prefect's page counts no longer"
    for approver, people in request.requirement.members.items():
        if approver.startswith(GROUP) and who in people and who not in policy.members(approver):
            return f"the policy has changed: {who} is no longer in {approver}"
    return None


def _named(approvers: Sequence[str]) -> str:
    return " or ".join(approvers) if approvers else "nobody (no approvers are named)"
