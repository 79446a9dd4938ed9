"""Whom to tell of what happened at a gate, and by which channel: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from agents.contract.schema import Frozen
from flows.approvals.gate import Gate, Kind
from flows.approvals.policy import State, all_eligible
from flows.approvals.rules import DEFAULT, GROUP, USER, Policy


class Telling(Frozen):
    """A message to `to`, a `user:` or `group:`, by the notification block `channel`."""

    to: str
    channel: str


def tellings(gate: Gate, kind: Kind, policy: Policy) -> tuple[Telling, ...]:
    """The messages that a row of that kind asks for: to those who may decide, and of the end to who asked for the run.

    A name has its own channels, a group else those of its people, whoever has none that of `default`.
    """
    needed = gate.request.requirement
    match kind:
        case Kind.REQUESTED | Kind.REMINDED:
            to = needed.asked
        case Kind.ESCALATED:
            to = needed.escalates_to
        case _:
            to = (f"{USER}{gate.request.requester}",)
    return tuple(dict.fromkeys(telling for name in to for telling in _by_channel(name, gate, policy)))


def matters(gate: Gate, kind: Kind) -> bool:
    """Whether there is still something to say: that a gate waits, while it does; how it ended, unless nobody was asked."""
    if kind is Kind.CLOSED:
        return gate.state not in (State.OPEN, State.SUPERSEDED)
    return gate.state is State.OPEN


def deciders(gate: Gate, to: str, now: datetime) -> tuple[str, ...]:
    """Those meant by `to` who may decide about the gate and have not."""
    decided = {decision.actor for decision in gate.decisions}
    meant = {to.removeprefix(USER)} if to.startswith(USER) else gate.request.requirement.people((to,))
    return tuple(sorted((meant & all_eligible(gate.request, now)) - decided))


def _by_channel(name: str, gate: Gate, policy: Policy) -> Iterator[Telling]:
    if name not in policy.notify and name.startswith(GROUP):
        people = [f"{USER}{person}" for person in sorted(gate.request.requirement.people((name,)))]
        own = [person for person in people if person in policy.notify]
        for person in own:
            yield from _by_channel(person, gate, policy)
        if own and len(own) == len(people):
            return
    for channel in policy.notify.get(name, policy.notify.get(DEFAULT, ())):
        yield Telling(to=name, channel=channel)
