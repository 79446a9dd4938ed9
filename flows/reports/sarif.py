"""A run as SARIF 2.1.0, one SARIF run per node: what code hosts and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; the extra properties
`security-severity`, `precision` and `tags` are those GitHub's code scanning looks at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath
from types import MappingProxyType
from urllib.parse import quote

from pydantic import JsonValue

from agents.contract.schema import Confidence, Finding, Note, NoteKind, Severity
from flows.reports import plain
from flows.reports.index import Index, NodeLine
from flows.reports.json_stream import Holes

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "SRCROOT"

_LEVELS = MappingProxyType(
    {Severity.CRITICAL: "error", Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
)
_SCORES = MappingProxyType({Severity.CRITICAL: "9.5", Severity.ERROR: "8.0", Severity.WARNING: "5.5", Severity.INFO: "2.0"})
"""The middle of the bands GitHub calls critical, high, medium and low."""

_UNREAD = frozenset({NoteKind.UNPARSABLE, NoteKind.UNREADABLE, NoteKind.ENGINE})
"""Notes that mean something which should have been read was not."""

Object = dict[str, JsonValue]


def render(index: Index) -> Iterator[str]:
    """One SARIF log. Nodes that never started (skipped) are named in the log's properties instead.

    Groups are left out, for their parts stand there, but for one that failed before it had any.
    """
    report, holes = index.head, Holes()
    names = [node.node for node in report.nodes]
    runs: list[JsonValue] = []
    skipped: list[JsonValue] = []
    for at, node in enumerate(report.nodes):
        if node.group and (node.status.ok or _has_parts(node.node, names)):
            continue
        if node.status.ok or node.status.failed:
            runs.append(_run(index, at, holes))
        else:
            skipped.append({"node": plain.line(node.node), "reason": plain.line(node.reason or "")})
    log: Object = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": runs,
        "properties": {
            "run": plain.line(report.run),
            "workflow": plain.line(report.workflow),
            "status": report.status.value,
            "notices": [plain.line(notice) for notice in report.notices],
            "skipped": skipped,
        },
    }
    yield from holes.pieces(log, indent=1)


def _has_parts(group: str, names: list[str]) -> bool:
    return any(name.startswith((f"{group}[", f"{group}.", f"{group}#")) for name in names)


def message(text: str) -> str:
    """`text` as a SARIF plain text message: braces doubled (§3.11.5), no links (§3.11.6)."""
    return plain.line(text).replace("{", "{{").replace("}", "}}").replace("](", "\\](")


@lru_cache(maxsize=4096)
def uri(file: str) -> str | None:
    """`file` as a percent-encoded reference relative to the root; None when it would leave the root."""
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        return None
    return quote(path.as_posix().encode("utf-8", "replace"), safe="/-._~")


@dataclass
class _Told:
    """What the findings of a rule tell of it; the first is among the worst."""

    worst: Severity
    advice: str | None = None
    weaknesses: set[str] = field(default_factory=set)
    confidences: set[Confidence] = field(default_factory=set)


def _run(index: Index, at: int, holes: Holes) -> Object:
    report, node = index.head, index.head.nodes[at]
    told = _told(index.of_node(at))
    indexes = {rule: number for number, rule in enumerate(told)}
    rules: list[JsonValue] = [_rule(node, rule, known) for rule, known in told.items()]
    # An empty list even for a failed node: code hosts refuse the whole log when one run has no `results`.
    results = holes.of(_result(finding, indexes) for finding in index.of_node(at))
    driver: Object = {
        "name": f"dockyard {plain.line(node.agent)}",
        "version": plain.line(node.version),
        "rules": rules,
    }
    described: Object = {
        "tool": {"driver": driver},
        # The part before the last slash is the category: two nodes with one agent don't overwrite each other.
        "automationDetails": {"id": "/".join(quote(part, safe="") for part in (report.workflow, node.node, report.run))},
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository at the analysed commit."}}},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(node, holes.of(_notifications(index, at)))],
        "results": results,
    }
    if repository := plain.address(report.repository):
        origin: Object = {"repositoryUri": repository, "mappedTo": {"uriBaseId": ROOT}}
        if report.commit:
            origin["revisionId"] = plain.line(report.commit)
        described["versionControlProvenance"] = [origin]
    return described


def _told(findings: Iterable[Finding]) -> dict[str, _Told]:
    known: dict[str, _Told] = {}
    for finding in findings:
        told = known.setdefault(finding.rule, _Told(finding.severity))
        told.advice = told.advice or finding.remediation
        told.confidences.add(finding.confidence)
        if finding.cwe:
            told.weaknesses.add(finding.cwe)
    return known


def _rule(node: NodeLine, rule: str, told: _Told) -> Object:
    category, _, name = rule.partition("/")
    weaknesses = sorted(told.weaknesses)
    tags: list[JsonValue] = [category, *(f"external/cwe/{cwe.lower()}" for cwe in weaknesses)]
    properties: Object = {"precision": max(told.confidences, key=list(Confidence).index).value}
    if weaknesses:
        tags.insert(0, "security")
        properties["security-severity"] = _SCORES[told.worst]
    properties["tags"] = tags
    title = name.replace("-", " ").replace("_", " ").replace(".", " ").strip().capitalize() or rule
    known_as = f" ({', '.join(weaknesses)})" if weaknesses else ""
    help_text = plain.line(told.advice or f"{title}: look at each place and decide whether it is meant.")
    return {
        "id": rule,
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title}{known_as}, found by {plain.line(node.agent)} as {rule}."},
        "help": {"text": message(help_text)},
        "defaultConfiguration": {"level": _LEVELS[told.worst]},
        "properties": properties,
    }


def _result(finding: Finding, indexes: Mapping[str, int]) -> Object:
    properties: Object = {"severity": finding.severity.value, "confidence": finding.confidence.value}
    if finding.remediation:
        properties["remediation"] = finding.remediation
    if finding.cwe:
        properties["cwe"] = finding.cwe
    result: Object = {
        "ruleId": finding.rule,
        "ruleIndex": indexes[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": message(finding.message) or finding.rule},
        "properties": properties,
    }
    if finding.fingerprint:
        result["partialFingerprints"] = {"dockyard/v1": finding.fingerprint}
    if finding.file and (reference := uri(finding.file)):
        result["locations"] = [_location(reference, _region(finding))]
    elif finding.file:
        properties["file"] = plain.line(finding.file)
    return result


def _location(reference: str, region: Object) -> Object:
    physical: Object = {"artifactLocation": {"uri": reference, "uriBaseId": ROOT}}
    if region:
        physical["region"] = region
    return {"physicalLocation": physical}


def _region(finding: Finding) -> Object:
    if not finding.line:
        return {}
    region: Object = {"startLine": finding.line}
    if finding.column:
        region["startColumn"] = finding.column
    if finding.end_line and finding.end_line >= finding.line:
        region["endLine"] = finding.end_line
    if finding.snippet:
        region["snippet"] = {"text": finding.snippet}
    return region


def _notifications(index: Index, at: int) -> Iterator[JsonValue]:
    yield from map(_notification, index.notes(at))
    node = index.head.nodes[at]
    if not node.status.ok:
        reason = message(node.reason or "no reason was given")
        yield {"level": "error", "descriptor": {"id": f"node/{node.status}"}, "message": {"text": reason}}


def _invocation(node: NodeLine, notifications: JsonValue) -> Object:
    return {
        "executionSuccessful": node.status.ok,
        "toolExecutionNotifications": notifications,
        "properties": {
            "node": plain.line(node.node),
            "seconds": round(node.seconds, 3),
            "runtime": plain.line(node.runtime),
            "image": plain.line(node.image),
        },
    }


def _notification(note: Note) -> Object:
    notification: Object = {
        "level": "warning" if note.kind in _UNREAD else "note",
        "descriptor": {"id": f"note/{note.kind}"},
        "message": {"text": message(": ".join(part for part in (note.file, note.detail) if part)) or note.kind},
    }
    if note.file and (reference := uri(note.file)):
        notification["locations"] = [_location(reference, {})]
    return notification
