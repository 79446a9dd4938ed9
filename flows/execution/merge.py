"""What a sub-workflow gives to the nodes after it: one report of all its nodes' reports. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from agents.contract.schema import Severity


def merged(outputs: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """`findings` and `notes` of all nodes in their order, counted in `summary`; each node's own under `nodes`.

    A node without a report is left out; a fan-out's is a list.
    """
    given: dict[str, JsonValue] = {node_id: output for node_id, output in outputs.items() if output is not None}
    findings = [finding for output in given.values() for finding in _entries(output, "findings")]
    counts = Counter(finding.get("severity") for finding in findings if isinstance(finding, dict))
    summary: dict[str, JsonValue] = {severity.value: counts[severity.value] for severity in Severity}
    return {
        "summary": {**summary, "total": len(findings)},
        "findings": findings,
        "notes": [note for output in given.values() for note in _entries(output, "notes")],
        "nodes": given,
    }


def _entries(output: JsonValue, name: str) -> Iterator[JsonValue]:
    for report in output if isinstance(output, list) else [output]:
        entries = report.get(name) if isinstance(report, dict) else None
        yield from entries if isinstance(entries, list) else []
