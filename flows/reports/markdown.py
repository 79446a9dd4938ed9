"""A run as Markdown for a pull request or a Prefect artifact (GitHub's dialect, tables included).

Text of findings is escaped so that it can neither become markup nor ping anybody; paths and code
stand in code spans, which switch all of that off by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agents.contract.schema import Finding, Severity
from flows.reports import plain, view
from flows.reports.index import Index

_MARKUP = re.compile(r"[\\`*_\[\]<>|~&$#]|:(?=//)|(?<=\bwww)\.", re.IGNORECASE)
_PING = re.compile(r"@(?=\S)|#(?=\w)|(?<=\bGH)-(?=\d)", re.IGNORECASE)
"""What a code host turns into a mention, a mail address or a reference to an issue."""

_JOINER = "\u2060"
"""Takes no room and breaks no line; a mention with it inside is no mention."""

_BACKTICKS = re.compile(r"`+")


def render(index: Index) -> Iterator[str]:
    """The whole run: header, nodes without report, counts, then every finding and the notes in groups."""
    return (f"{line}\n" for line in _run(index))


def node_markdown(index: Index, at: int) -> str:
    """The node at that position, complete, for its Prefect artifact."""
    report, node = index.head, index.head.nodes[at]
    lines = [f"# {prose(node.node)}: {prose(node.agent)}", ""]
    about = [("Run", report.name), ("Workflow", report.workflow), ("Status", node.status.value)]
    about += [("Took", view.duration(node.seconds)), ("Version", node.version)]
    about += [(label, value) for label, value in (("Runtime", node.runtime), ("Image", node.image)) if value]
    lines += _pairs(about)
    if not node.status.ok:
        lines += [f"**No report:** {prose(node.reason or 'no reason was given')}", ""]
    lines += [*_pairs(view.facts(node)), *_findings(view.groups(index, only=at))]
    return "\n".join([*lines, *_notes(view.note_groups(index, only=at), report.run)]) + "\n"


def table_row(finding: Finding) -> dict[str, str]:
    """A finding in a Prefect table artifact. Prefect's page renders each cell as Markdown, hence the escaping here too."""
    return {
        "severity": finding.severity.value,
        "rule": code(finding.rule),
        "place": code(view.place(finding)),
        "message": prose(finding.message),
        "remediation": prose(finding.remediation or ""),
        "cwe": finding.cwe or "",
        "confidence": finding.confidence.value,
    }


def prose(text: str) -> str:
    """`text` as Markdown that shows exactly it, on one line, usable in a table cell."""
    return _PING.sub(lambda f: f.group() + _JOINER, _MARKUP.sub(lambda f: "\\" + f.group(), plain.line(text)))


def code(text: str) -> str:
    """`text` as a code span, usable in a table cell."""
    shown = plain.line(text)
    if not shown:
        return ""
    if "\\|" in shown:
        # Parsers disagree on how many backslashes hide a pipe of a table inside a code span.
        return prose(shown)
    longest = max((len(run) for run in _BACKTICKS.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    padded = f" {shown} " if shown[0] == "`" or shown[-1] == "`" else shown
    return fence + padded.replace("|", "\\|") + fence


def _run(index: Index) -> Iterator[str]:
    report = index.head
    yield from (f"# {prose(report.name)}", "")
    yield from _pairs(pair for pair in view.header(report) if pair[0] != "Page")
    if page := view.link(report):
        yield from (f"[The run's page]({page})", "")
    for notice in report.notices:
        yield f"- **Notice:** {prose(notice)}"
    for node, reason in view.troubles(report):
        yield f"- **{prose(node.node)} {node.status}:** {prose(reason)}"
    yield from ("", "## Nodes", "")
    columns = [
        "Node",
        "Agent",
        "Status",
        *(severity.value for severity in Severity),
        "notes",
        "files",
        "took",
    ]
    yield from _heading(columns)
    for node in report.nodes:
        counts = node.summary.model_dump()
        numbers = [*(counts[severity.value] for severity in Severity), node.notes, node.files_scanned]
        shown = [str(number) if node.reported else "–" for number in numbers]  # noqa: RUF001
        cells = [prose(node.node), prose(node.agent), node.status.value, *shown, view.duration(node.seconds)]
        yield _row(cells)
    yield ""
    for node in report.nodes:
        if known := view.facts(node):
            yield from (f"### {prose(node.node)}", "")
            yield from _pairs(known)
    yield from _findings(view.groups(index))
    yield from _notes(view.note_groups(index), report.run)


def _findings(found: list[view.Group]) -> Iterator[str]:
    severity = None
    for group in found:
        if group.severity is not severity:
            severity = group.severity
            total = sum(other.count for other in found if other.severity is severity)
            yield from (f"## {severity.value.capitalize()} ({total})", "")
        about = [prose(group.node), str(group.count), *([group.cwe] if group.cwe else [])]
        yield from (f"### {code(group.rule)} ({', '.join(about)})", "")
        if group.remediation:
            yield from (f"Remedy: {prose(group.remediation)}", "")
        yield from _heading(["Place", "Message", "Code"])
        for finding in group.findings:
            message = " · ".join(prose(part) for part in (finding.message, *group.beside(finding)))
            yield _row([code(view.place(finding)), message, code(finding.snippet or "")])
        yield ""


def _notes(groups: list[view.NoteGroup], run: str) -> Iterator[str]:
    if not groups:
        return
    yield from (f"## Notes ({sum(len(group.notes) for group in groups)})", "")
    yield from _heading(["Node", "Kind", "Count", "Files", "Detail"])
    for group in groups:
        files = ", ".join(_noted(file, detail) for file, detail in group.shown)
        files += f" and {group.more} more" if group.more else ""
        yield _row([prose(group.node), group.kind, str(len(group.notes)), files, prose(group.detail)])
    yield ""
    if any(group.more for group in groups):
        yield from (f"Every note: {code(f'dockyard report {run} --format json')}", "")


def _noted(file: str, detail: str) -> str:
    told = f"({prose(detail)})" if file and detail else prose(detail)
    return f"{code(file)} {told}".strip()


def _pairs(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    rows = [f"- **{prose(label)}:** {prose(value)}" for label, value in pairs]
    if rows:
        yield from (*rows, "")


def _heading(columns: list[str]) -> list[str]:
    return [_row(columns), _row(["---"] * len(columns))]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
