"""A gate as an approver must see it, but its diff."""

from __future__ import annotations

from datetime import datetime

from markupsafe import Markup

from flows.service.approvals import Choice, Gate, State
from flows.service.gate_text import Fact, brief, facts
from ui.page.pieces import BREAK, Cell, Tone, badge, block, definitions, join, listing, section, table, text

_PARTS = {
    "What would happen": ("Why", "Node", "Files", "Plan", "Checked", "Fixes", "Change"),
    "Who": ("Asked by", "Written by"),
    "What it takes": ("Needs", "Expires"),
    "What you decide about": ("Digest", "Base", "Image", "Policy"),
}
_APART = {"Gate", "Risk", "Said"}
"""Facts that stand elsewhere on the page."""
_TONES = {
    State.OPEN: Tone.INFO,
    State.APPROVED: Tone.FINE,
    State.REJECTED: Tone.ERROR,
    State.EXPIRED: Tone.WARNING,
    State.SUPERSEDED: Tone.PLAIN,
}
_RISKS = {"low": Tone.PLAIN, "medium": Tone.WARNING, "high": Tone.CRITICAL}


def gate_html(gate: Gate, now: datetime) -> Markup:
    """Everything about a gate but its diff, under headings; whatever the hub tells of it is shown somewhere."""
    request = gate.request
    known = {fact.label: fact for fact in facts(gate, now)}
    named = {label for labels in _PARTS.values() for label in labels} | _APART
    parts = {**_PARTS, "More": tuple(label for label in known if label not in named)}
    head = Markup("<h2>{} {} {}</h2>").format(
        text(f"{request.workflow}: {request.display_name}"),
        badge(gate.state.value, _TONES[gate.state]),
        badge(f"{request.risk.value} risk", _RISKS[request.risk.value]),
    )
    return join([head, progress(gate), *(_part(title, labels, known) for title, labels in parts.items()), history(gate)])


def progress(gate: Gate) -> Markup:
    """How far the quorum is, as a bar and in words."""
    needed = gate.request.requirement.quorum
    said = min(len(gate.approvers), needed)
    return Markup('<p><progress value="{0}" max="{1}" aria-label="{0} of {1} approvals"></progress> {2}</p>').format(
        said, needed, text(gate.text)
    )


def history(gate: Gate) -> Markup:
    """What people said, oldest first."""
    if not gate.decisions:
        return section("Decisions", Markup("<p>Nobody has decided yet.</p>"))
    rows = [
        (
            said.actor,
            badge(said.choice.value, Tone.FINE if said.choice is Choice.APPROVE else Tone.ERROR),
            f"{said.at:%Y-%m-%d %H:%M %Z}",
            said.door.value,
            join(said.note.split("\n"), BREAK),
        )
        for said in gate.decisions
    ]
    return section("Decisions", table("Decisions at this gate", ("Who", "Said", "When", "Where", "Note"), rows))


def label(gate: Gate, now: datetime) -> str:
    """A gate as an entry of a list, in plain text."""
    number, state, risk, where, asked, _, left = brief(gate, now)
    time = f"{left} left" if gate.state is State.OPEN else state
    return f"{where} · {risk} risk · asked by {asked} · {time} · {number}"


def _part(title: str, labels: tuple[str, ...], known: dict[str, Fact]) -> Markup:
    found = [(label, _lines(known[label])) for label in labels if label in known]
    return section(title, definitions(found)) if found else Markup("")


def _lines(fact: Fact) -> Cell:
    if fact.label == "Plan":
        return block(fact.lines)
    if fact.label in ("Digest", "Base", "Image", "Policy"):
        return Markup("<code>{}</code>").format(fact.lines[0])
    if len(fact.lines) == 1:
        return fact.lines[0]
    return join(fact.lines, BREAK) if fact.label == "Why" else listing(fact.lines)
