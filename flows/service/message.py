"""A message about a gate: plain text that no chat program takes for markup, and the links to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from agents.contract.schema import Frozen
from flows.approvals import Gate, Kind
from flows.reports import plain

MOST_LINKS = 10
"""Up to so many people of a group have a link each in one message."""

_WIDE = str.maketrans({mark: chr(ord(mark) + 0xFEE0) for mark in "<>@*`[]{}|"})
"""Markup of Slack, Discord, Teams and Markdown, and the placeholders of Prefect's web hook, as look-alikes."""
_LINKED = re.compile(r":(?=//)|(?<=\bwww)\.|(?<=\bmailto):", re.IGNORECASE)
_LONGEST_NAME = 120
_LONGEST_TEXT = 300

_BEGINS = {
    Kind.REQUESTED: "Approval needed",
    Kind.REMINDED: "Still waiting for approval",
    Kind.ESCALATED: "Approval needed, and nobody has given it yet",
}


class Message(Frozen):
    """What a notification block is given."""

    subject: str
    body: str


def message(gate: Gate, kind: Kind, links: Mapping[str, str], address: str | None) -> Message:
    """What to say of a gate. `links` has each person's own address, `address` is everybody's, if known."""
    request = gate.request
    where = f"{inert(request.workflow, _LONGEST_NAME)}: {inert(request.display_name, _LONGEST_NAME)}"
    subject = f"{_BEGINS.get(kind, f'Gate {gate.state.value}')}: {where}"
    lines = [f"Gate {gate.id[:8]}, node {where}, {request.risk.value} risk."]
    if kind is Kind.CLOSED:
        lines.append(f"It is closed: {inert(gate.text, _LONGEST_TEXT)}.")
    lines.append(f"Why: {inert(request.why, _LONGEST_TEXT)}")
    lines.append(f"Asked by: {inert(request.requester, _LONGEST_NAME)}")
    lines.append(f"Changes: {_counted(len(request.files), 'file')}")
    if request.findings:
        lines.append(f"Fixes: {_counted(len(request.findings), 'finding')}")
    if kind is not Kind.CLOSED:
        lines.append(f"Expires: {_time(request.expires)}")
    if links:
        lines.append("Look at it and decide, each by the link that is theirs; it opens once:")
        lines += [f"{inert(person, _LONGEST_NAME)}: {link}" for person, link in links.items()]
    elif address is not None:
        lines.append(f"Look at it: {address}")
    else:
        lines.append(f"Look at it: dockyard approvals show {gate.id[:8]}")
    return Message(subject=subject, body="\n".join(lines))


def inert(text: str, longest: int) -> str:
    """`text` on one line of so many characters at most, without credentials, markup, mentions or anything that is a link."""
    shown = plain.line(text)
    shown = shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
    return _LINKED.sub(lambda found: chr(ord(found.group()) + 0xFEE0), shown.translate(_WIDE))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M %Z}"
