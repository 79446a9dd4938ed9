"""A gate in words for people who decide: all text in it is made harmless to show, and the diff is left as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from agents.contract.schema import Frozen
from flows.approvals import Apply, Decision, Gate, GateRequest, State, Step, unreachable
from flows.approvals.policy import eligible
from flows.people import Via
from flows.reports import plain

_FINDINGS_SHOWN = 20


class Fact(Frozen):
    """One line, or several, of what a person should know."""

    label: str
    lines: tuple[str, ...]


class Part(StrEnum):
    """What a line of a diff is."""

    HEAD = "head"
    PLACE = "place"
    ADDED = "added"
    REMOVED = "removed"
    CONTEXT = "context"


class DiffLine(Frozen):
    """One line of a diff, control characters written out."""

    part: Part
    text: str


def facts(gate: Gate, now: datetime) -> tuple[Fact, ...]:
    """Everything about a gate but its diff, in the order in which it is read."""
    request = gate.request
    found: dict[str, Sequence[str]] = {
        "Gate": [f"{gate.id}, {gate.state.value}"],
        "Node": [f"{request.display_name} of {request.workflow}, agent {request.agent}, run {request.run}"],
        "Why": request.why.split("\n"),
        "Asked by": [request.requester, *_unseen(request)],
        "Written by": [request.author or "not known"],
        "Risk": [request.risk.value],
        "Files": request.files or ["none"],
        "Plan": [] if request.plan is None else json.dumps(request.plan, indent=2, ensure_ascii=False).split("\n"),
        "Checked": [f"{'passed' if c.passed else 'FAILED'}: {c.name}{f' ({c.detail})' if c.detail else ''}" for c in
                    request.verification] or ["nothing was tried"],
        "Fixes": [*_findings(request)],
        "Base": [request.base_commit],
        "Image": [request.image],
        "Policy": [request.policy_version],
        "Digest": [gate.digest],
        "Expires": [f"{_time(request.expires)}{_left(gate, now)}"],
        "Needs": [*needs(gate, now)],
        "Said": [_said(decision) for decision in gate.decisions] or ["nothing yet"],
        "Change": [_change(gate.apply)] if gate.state is State.APPROVED else [],
    }  # fmt: skip
    return tuple(
        Fact(label=label, lines=tuple(plain.exactly(line) for line in lines)) for label, lines in found.items() if lines
    )


def needs(gate: Gate, now: datetime) -> Iterator[str]:
    """What it takes, who may, and how far that has come."""
    request = gate.request
    yield gate.text
    if gate.state is not State.OPEN:
        return
    needed = request.requirement
    for clause in needed.clauses:
        people = sorted(eligible(request, clause, now))
        may = ", ".join(people) if people else "nobody"
        yield f"{clause.quorum} of {' or '.join(clause.approvers) or 'nobody (no approvers are named)'}: {may}"
    people_in_all = "1 person" if needed.quorum == 1 else f"{needed.quorum} different people"
    noes = "one no ends it" if needed.reject_quorum == 1 else f"{needed.reject_quorum} noes end it"
    yield f"{people_in_all} in all; {noes}"
    hopeless = unreachable(request)
    if hopeless:
        yield f"it can only be rejected or expire: {hopeless}"


def diff_lines(gate: Gate) -> Iterator[DiffLine]:
    """The diff, line by line; only a line feed ends a line."""
    lines = gate.request.diff.split("\n")
    if lines[-1] == "":
        lines.pop()
    in_head = True
    for line in lines:
        if line.startswith("diff --git "):
            in_head = True
        elif line.startswith("@@"):
            in_head = False
        yield DiffLine(part=_part(line, in_head=in_head), text=plain.exactly(line))


def gate_json(gate: Gate) -> str:
    """All of it as JSON that holds the very values and no character that a terminal would obey."""
    document = {"id": gate.id, **gate.model_dump(mode="json")}
    return plain.escaped_json(json.dumps(document, indent=2, ensure_ascii=False))


def brief(gate: Gate, now: datetime) -> tuple[str, ...]:
    """A gate as a row: beginning of its id, state, risk, where, who asked, how it stands, what time is left."""
    request = gate.request
    left = _span(request.expires - now) if gate.state is State.OPEN and now < request.expires else "-"
    where = f"{request.workflow}: {request.display_name}"
    cells = (gate.id[:8], gate.state.value, request.risk.value, where, request.requester, gate.text, left)
    return tuple(plain.line(cell) for cell in cells)


BRIEF = ("Gate", "State", "Risk", "Where", "Asked by", "How it stands", "Left")
"""Headings of `brief`."""


def _part(line: str, *, in_head: bool) -> Part:
    if in_head:
        return Part.HEAD
    if line.startswith("@@"):
        return Part.PLACE
    return {"+": Part.ADDED, "-": Part.REMOVED}.get(line[:1], Part.CONTEXT)


def _unseen(request: GateRequest) -> Iterator[str]:
    """What an approver must know of a run that nobody of a name started."""
    if request.via in (Via.PREFECT, Via.SCHEDULE, Via.EVENT):
        yield f"who made the deployment; who started it by {request.via.value} is not known"


def _findings(request: GateRequest) -> Iterator[str]:
    for finding in request.findings[:_FINDINGS_SHOWN]:
        place = f" at {finding.file}" if finding.file else ""
        yield f"{finding.severity.value}: {finding.rule}{place}: {finding.message}"
    if len(request.findings) > _FINDINGS_SHOWN:
        yield f"and {len(request.findings) - _FINDINGS_SHOWN} more"


def _said(decision: Decision) -> str:
    note = f": {decision.note}" if decision.note else ""
    return f"{_time(decision.at)} {decision.actor} {decision.choice.value} ({decision.door.value}){note}"


def _change(apply: Apply) -> str:
    at = f" at {_time(apply.at)}" if apply.at else ""
    match apply.step:
        case Step.NONE:
            return "nothing is written yet"
        case Step.INTENDED:
            return f"about to be written{at}"
        case Step.APPLIED:
            return f"written as commit {apply.commit}{at}; `dockyard rollback` takes it back"
        case Step.REFUSED:
            return f"not written{at}: {apply.reason}"
        case Step.ROLLED_BACK:
            return f"taken back by {apply.by}{at}{f' in commit {apply.commit}' if apply.commit else ''}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M %Z}"


def _left(gate: Gate, now: datetime) -> str:
    if gate.state is not State.OPEN:
        return ""
    return f", in {_span(gate.request.expires - now)}" if now < gate.request.expires else ", which is over"


def _span(time: timedelta) -> str:
    minutes = max(int(time.total_seconds() // 60), 0)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 48 * 60 else f"{minutes // 1440} d {minutes // 60 % 24} h"
