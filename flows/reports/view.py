"""What the formats for people show of a run: header, troubles, facts, counts, groups of findings and of notes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from agents.contract.schema import Confidence, Finding, Note, NoteKind, Severity
from flows.reports import plain
from flows.reports.index import Block, Head, Index, NodeLine

FACT_PARTS = 12
"""An object among the facts (languages, say) shows this many entries and the number of the others."""

NOTES_SHOWN = 5
"""Examples of a group of notes: hundreds of images that no text scanner reads are one thing to know, not hundreds."""


@dataclass(frozen=True)
class Group:
    """All findings of one rule and severity in one node. `cwe` and `remediation` are set when they share it."""

    node: str
    rule: str
    severity: Severity
    count: int
    cwe: str | None
    remediation: str | None
    index: Index
    block: Block

    @property
    def findings(self) -> Iterator[Finding]:
        """Them, by place: read anew each time."""
        return self.index.of_block(self.block)

    @property
    def example(self) -> Finding:
        """The first of them."""
        return next(self.findings)

    def beside(self, finding: Finding) -> list[str]:
        """What to say beside `finding` that the group's head does not say already."""
        advice = "" if self.remediation else plain.line(finding.remediation or "")
        weakness = "" if self.cwe else finding.cwe
        doubt = "" if finding.confidence is Confidence.HIGH else f"{finding.confidence} confidence"
        return [part for part in (advice, weakness, doubt) if part]


@dataclass(frozen=True)
class NoteGroup:
    """All notes of one kind in one node that say the same, numbers apart. `detail` is empty where those differ."""

    node: str
    kind: NoteKind
    detail: str
    notes: tuple[Note, ...]

    @property
    def shown(self) -> list[tuple[str, str]]:
        """File and detail of some of them, or of all where little more would be left; what `detail` says not again."""
        some = self.notes if len(self.notes) <= NOTES_SHOWN + 1 else self.notes[:NOTES_SHOWN]
        pairs = ((plain.line(note.file or ""), "" if self.detail else plain.line(note.detail)) for note in some)
        return [pair for pair in pairs if any(pair)]

    @property
    def more(self) -> int:
        """How many are not among the shown."""
        return max(0, len(self.notes) - NOTES_SHOWN) if len(self.notes) > NOTES_SHOWN + 1 else 0


def header(report: Head) -> list[tuple[str, str]]:
    """Label and value of each thing known of the run itself; safe text."""
    commit = plain.line(report.commit)[:12]
    ref = plain.line(report.ref)
    pairs = [
        ("Workflow", plain.line(report.workflow)),
        ("Repository", plain.address(report.repository) or plain.line(report.repository)),
        ("Commit", f"{commit} ({ref})" if ref and not report.commit.startswith(report.ref) else commit),
        ("Status", report.status.value),
        ("Started", f"{report.started:%Y-%m-%d %H:%M:%S} UTC"),
        ("Took", duration((report.finished - report.started).total_seconds())),
        ("Run", plain.line(report.run)),
    ]
    page = link(report)
    return [*pairs, ("Page", page)] if page else pairs


def link(report: Head) -> str | None:
    """The run's page when it is an http address, else None."""
    found = plain.address(report.url or "")
    return found if found and found.startswith("http") else None


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 5 s` or `2 h 4 min`."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def troubles(report: Head) -> list[tuple[NodeLine, str]]:
    """The nodes that gave no report, each with the reason; failures before skips."""
    without = sorted((node for node in report.nodes if not node.status.ok), key=lambda n: not n.status.failed)
    return [(node, plain.line(node.reason or "no reason was given")) for node in without]


def facts(node: NodeLine) -> list[tuple[str, str]]:
    """Label and value of what the agent reports beside the common fields: plain values and flat objects."""
    pairs = ((plain.line(key).replace("_", " "), _fact(value)) for key, value in node.own.items())
    return [(label, value) for label, value in pairs if value]


def place(finding: Finding) -> str:
    """`file:line:column` as far as it is known, or `repository` for a finding about the whole."""
    parts = [plain.line(finding.file or "repository"), finding.line, finding.line and finding.column]
    return ":".join(str(part) for part in parts if part)


def groups(index: Index, only: int | None = None) -> list[Group]:
    """Findings by severity, rule and node, or of the node at that position; worst first, then the most frequent rule."""
    return [
        Group(
            node=plain.line(index.head.nodes[block.at].node),
            rule=block.rule,
            severity=block.severity,
            count=block.count,
            cwe=block.cwe,
            remediation=block.remediation,
            index=index,
            block=block,
        )
        for block in index.blocks(only)
    ]


def note_groups(index: Index, only: int | None = None) -> list[NoteGroup]:
    """Notes by node, kind and what they say; within a node the rarest first, which the many would hide."""
    groups: list[NoteGroup] = []
    for at, node in enumerate(index.head.nodes):
        if only not in (None, at):
            continue
        gathered: defaultdict[tuple[NoteKind, str], list[Note]] = defaultdict(list)
        for note in index.notes(at):
            said = note.detail.replace(note.file, "") if note.file else note.detail
            gathered[note.kind, re.sub(r"\d+", "0", said)].append(note)
        for (kind, _), notes in sorted(gathered.items(), key=lambda item: (len(item[1]), item[0])):
            details = {note.detail for note in notes}
            shared = plain.line(details.pop()) if len(details) == 1 else ""
            groups.append(NoteGroup(plain.line(node.node), kind, shared, tuple(notes)))
    return groups


def _fact(value: JsonValue) -> str:
    if isinstance(value, dict):
        parts = [f"{plain.line(key)} {text}" for key, item in value.items() if (text := _scalar(item))]
        more = len(parts) - FACT_PARTS
        return ", ".join(parts[:FACT_PARTS]) + (f" and {more} more" if more > 0 else "")
    return _scalar(value)


def _scalar(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"
    return plain.line(str(value)) if isinstance(value, (str, int)) else ""
