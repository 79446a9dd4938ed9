"""A run for a terminal: a summary that fits a screen, and the whole report without colour.

Long lists are written as segments, not wrapped by rich: a path stays in one piece for copying, and
100,000 findings take seconds.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from agents.contract.schema import Severity, Summary
from flows.reports import plain, view
from flows.reports.schema import NodeReport, RunReport

WIDTH = 110
RULES_IN_SUMMARY = 25
"""A screenful; the summary says how many more there are and how to see them."""

_STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.INFO: "cyan",
}


def render(report: RunReport) -> str:
    """The whole report as text without colour: every finding, every note, nothing cut off."""
    stream = io.StringIO()
    console = Console(file=stream, width=WIDTH, color_system=None, force_terminal=False, legacy_windows=False)
    show(report, console)
    # rich pads table cells up to the width: trailing blanks say nothing and spoil a diff.
    return "".join(f"{row.rstrip(' ')}\n" for row in stream.getvalue().split("\n")[:-1])


def summary(report: RunReport) -> RenderableType:
    """Header, troubles, facts, counts by node and by rule with one example each, and where the rest is."""
    parts = [*_head(report)]
    found = view.groups(report)
    if found:
        parts += [Text(""), _rules(found[:RULES_IN_SUMMARY])]
    if len(found) > RULES_IN_SUMMARY:
        rest = found[RULES_IN_SUMMARY:]
        hidden = sum(len(group.findings) for group in rest)
        parts.append(Text(f"and {len(rest)} more rules with {hidden} findings, none worse than these"))
    command = f"dockyard report {plain.line(report.run)} --format text"
    parts += [
        Text(""),
        Text.assemble("Every finding in full: ", (command, "bold"), " (or json, markdown, sarif, html)"),
    ]
    return Group(*parts)


def show(report: RunReport, console: Console) -> None:
    """Write the whole report to `console`: the summary's head, then every finding and every note."""
    console.print(Group(*_head(report)))
    # rich cuts segments at the console's width unless told not to.
    console.print(_Findings(report), crop=False)
    console.print(_Notes(report), crop=False)


def _head(report: RunReport) -> Iterator[RenderableType]:
    yield Text(plain.line(report.name), style="bold")
    pairs = Table.grid(padding=(0, 2))
    for label, value in view.header(report):
        pairs.add_row(Text(label, style="dim"), Text(value, overflow="fold"))
    yield Padding(pairs, (0, 0, 1, 2))
    troubles = view.troubles(report)
    for node, reason in troubles:
        style = "bold red" if node.status.failed else "yellow"
        yield Text.assemble((f"{plain.line(node.node)} {node.status}", style), f": {reason}")
    if troubles:
        yield Text("")
    yield _counts(report)
    for node in report.nodes:
        if known := view.facts(node):
            yield Text("")
            yield Text(plain.line(node.node), style="bold")
            yield Padding(_facts(known), (0, 0, 0, 2))


def _facts(known: list[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for label, value in known:
        table.add_row(Text(label, style="dim"), Text(value, overflow="fold"))
    return table


def _counts(report: RunReport) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_footer=len(report.nodes) > 1)
    total = report.summary
    table.add_column("Node", footer="total", overflow="fold")
    table.add_column("Agent", overflow="fold")
    table.add_column("Status")
    for severity in Severity:
        table.add_column(severity.value, footer=str(_count(total, severity)), justify="right")
    table.add_column("notes", footer=str(len(report.notes)), justify="right")
    table.add_column("files", justify="right")
    table.add_column("took", justify="right")
    for node, found in view.counts(report):
        table.add_row(
            Text(plain.line(node.node)),
            Text(plain.line(node.agent)),
            Text(node.status.value, style="" if node.status.ok else "red" if node.status.failed else "yellow"),
            *(_number(found[severity], _STYLES[severity], node) for severity in Severity),
            _number(len(node.common.notes), "", node),
            _number(node.common.files_scanned, "", node),
            Text(view.duration(node.seconds)),
        )
    return table


def _count(total: Summary, severity: Severity) -> int:
    counted = (total.critical, total.error, total.warning, total.info)
    return counted[severity.rank]


def _number(count: int, style: str, node: NodeReport) -> Text:
    # A node without a report has found nothing out: a nought there would read as "all fine".
    return Text(str(count) if node.status.ok else "–", style=style if count else "dim")  # noqa: RUF001


def _rules(found: list[view.Group]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=True)
    table.add_column("Severity", no_wrap=True)
    table.add_column("Count", justify="right", no_wrap=True)
    table.add_column("Rule", overflow="fold")
    table.add_column("Node", overflow="fold")
    table.add_column("For example", overflow="ellipsis", no_wrap=True, ratio=1)
    for group in found:
        example = group.findings[0]
        table.add_row(
            Text(group.severity.value, style=_STYLES[group.severity]),
            Text(str(len(group.findings))),
            Text(group.rule),
            Text(group.node),
            Text.assemble((view.place(example), "bold"), " ", plain.line(example.message)),
        )
    return table


@dataclass(frozen=True)
class _Findings:
    report: RunReport

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Write one block per severity and rule; a finding's place starts its line."""
        bold, dim = Style(bold=True), Style(dim=True)
        severity = None
        for group in view.groups(self.report):
            if group.severity is not severity:
                severity = group.severity
                total = _count(self.report.summary, severity)
                yield Segment(f"\n{severity.value.upper()} ({total})\n", console.get_style(_STYLES[severity]))
            about = [group.node, str(len(group.findings)), *([group.cwe] if group.cwe else [])]
            yield Segment(f"\n  {group.rule}", bold)
            yield Segment(f"  {', '.join(about)}\n", dim)
            if group.remediation:
                yield Segment(f"  Remedy: {plain.line(group.remediation)}\n")
            for finding in group.findings:
                yield Segment(f"    {view.place(finding)}", bold)
                yield Segment("  ".join(["", plain.line(finding.message), *group.beside(finding)]) + "\n")
                if finding.snippet:
                    yield Segment(f"      | {plain.line(finding.snippet)}\n", dim)


@dataclass(frozen=True)
class _Notes:
    report: RunReport

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Write what was not looked at, one line per note."""
        if self.report.notes:
            yield Segment(f"\nNOTES ({len(self.report.notes)})\n\n", console.get_style("dim"))
        for node, note in self.report.notes:
            what = [plain.line(part) for part in (note.file, note.detail) if part]
            yield Segment(f"  {plain.line(node.node)}  {note.kind}  {': '.join(what)}\n")
