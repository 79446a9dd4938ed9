"""The whole report of a run as text without colour.

Long lists are written as they are, not wrapped by rich: a path stays in one piece for copying, and
100,000 findings take seconds.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import chain

from rich.console import Console, Group

from flows.reports import plain, view
from flows.reports.index import Head, Index
from flows.reports.overview import count, head

WIDTH = 110


def render(index: Index) -> Iterator[str]:
    """The whole report as text without colour: every finding, the notes in groups, no line cut off."""
    # rich pads table cells up to the width: trailing blanks say nothing and spoil a diff.
    for line in chain(_head(index.head), _findings(index), _notes(index)):
        yield f"{line.rstrip(' ')}\n"


def _head(report: Head) -> list[str]:
    stream = io.StringIO()
    console = Console(file=stream, width=WIDTH, color_system=None, force_terminal=False, legacy_windows=False)
    console.print(Group(*head(report)), crop=False)
    return stream.getvalue().split("\n")[:-1]


def _findings(index: Index) -> Iterator[str]:
    """One block per severity and rule; a finding's place starts its line."""
    severity = None
    for group in view.groups(index):
        if group.severity is not severity:
            severity = group.severity
            yield from ("", f"{severity.value.upper()} ({count(index.head.summary, severity)})")
        about = [group.node, str(group.count), *([group.cwe] if group.cwe else [])]
        yield from ("", f"  {group.rule}  {', '.join(about)}")
        if group.remediation:
            yield f"  Remedy: {plain.line(group.remediation)}"
        for finding in group.findings:
            yield "  ".join([f"    {view.place(finding)}", plain.line(finding.message), *group.beside(finding)])
            if finding.snippet:
                yield f"      | {plain.line(finding.snippet)}"


def _notes(index: Index) -> Iterator[str]:
    """What was not looked at: a note on one line, a group of notes as a block with examples."""
    groups = view.note_groups(index)
    if groups:
        yield from ("", f"NOTES ({sum(node.notes for node in index.head.nodes)})", "")
    for group in groups:
        start = f"  {group.node}  {group.kind}"
        if len(group.notes) == 1:
            ((file, detail),) = group.shown or [("", "")]
            yield f"{start}  {': '.join(part for part in (file, group.detail, detail) if part)}"
            continue
        yield f"{start} ({len(group.notes)})" + (f"  {group.detail}" if group.detail else "")
        yield from (f"    {': '.join(part for part in pair if part)}" for pair in group.shown)
        if group.more:
            yield f"    and {group.more} more"
    if any(group.more for group in groups):
        yield from ("", f"  Every note: dockyard report {plain.line(index.head.run)} --format json")
