"""The whole report of a run as text without colour.

Long lists are written as segments, not wrapped by rich: a path stays in one piece for copying, and
100,000 findings take seconds.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.segment import Segment
from rich.style import Style

from flows.reports import plain, view
from flows.reports.overview import STYLES, count, head
from flows.reports.schema import RunReport

WIDTH = 110


def render(report: RunReport) -> str:
    """The whole report as text without colour: every finding, the notes in groups, no line cut off."""
    stream = io.StringIO()
    console = Console(file=stream, width=WIDTH, color_system=None, force_terminal=False, legacy_windows=False)
    show(report, console)
    # rich pads table cells up to the width: trailing blanks say nothing and spoil a diff.
    return "".join(f"{row.rstrip(' ')}\n" for row in stream.getvalue().split("\n")[:-1])


def show(report: RunReport, console: Console) -> None:
    """Write the whole report to `console`: the overview's head, then every finding and the notes in groups."""
    console.print(Group(*head(report)), crop=False)
    # rich cuts segments at the console's width unless told not to.
    console.print(_Findings(report), crop=False)
    console.print(_Notes(report), crop=False)


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
                total = count(self.report.summary, severity)
                yield Segment(f"\n{severity.value.upper()} ({total})\n", console.get_style(STYLES[severity]))
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
        """Write what was not looked at: a note on one line, a group of notes as a block with examples."""
        groups = view.note_groups(self.report)
        if groups:
            yield Segment(f"\nNOTES ({len(self.report.notes)})\n\n", console.get_style("dim"))
        for group in groups:
            start = f"  {group.node}  {group.kind}"
            if len(group.notes) == 1:
                ((file, detail),) = group.shown or [("", "")]
                yield Segment(f"{start}  {': '.join(part for part in (file, group.detail, detail) if part)}\n")
                continue
            yield Segment(f"{start} ({len(group.notes)})" + (f"  {group.detail}" if group.detail else "") + "\n")
            for pair in group.shown:
                yield Segment(f"    {': '.join(part for part in pair if part)}\n")
            if group.more:
                yield Segment(f"    and {group.more} more\n", console.get_style("dim"))
        if any(group.more for group in groups):
            command = f"dockyard report {plain.line(self.report.run)} --format json"
            yield Segment(f"\n  Every note: {command}\n", console.get_style("dim"))
