"""A run on one screen: what it was, what troubled it, what each node counted, and an example of each rule.

Nothing that people copy is broken: addresses, paths and words stay in one piece, at 80 columns as at 200.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agents.contract.schema import Severity, Summary
from flows.reports import plain, view
from flows.reports.index import Head, Index, NodeLine

RULES_SHOWN = 25
"""A screenful; the summary says how many more there are and how to see them."""

EXAMPLE_WIDTH = 40
"""Where less is left beside the rule, its example goes to the next line."""

STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.INFO: "cyan",
}

_PLAIN_WORD = re.compile(r"[\w.-]+")
_DISPENSABLE = ("Agent", "notes", "files")
"""Columns that go, in this order, where the width does not hold all."""


def show_summary(report: Index, console: Console) -> None:
    """Print the summary. Where nobody sees the width's edge, in files and pipes, no line ends in blanks."""
    if console.is_terminal:
        console.print(summary(report), crop=False)
        return
    with console.capture() as captured:
        console.print(summary(report), crop=False)
    console.file.write("".join(f"{line.rstrip(' ')}\n" for line in captured.get().split("\n")[:-1]))


def summary(index: Index) -> RenderableType:
    """Head, counts by rule with one example each, and where the rest is. Print it with `crop=False`."""
    report = index.head
    parts = [*head(report)]
    found = view.groups(index)
    if found:
        parts += [Text(""), _Rules(found[:RULES_SHOWN])]
    if len(found) > RULES_SHOWN:
        rest = found[RULES_SHOWN:]
        hidden = sum(group.count for group in rest)
        parts.append(Text(f"and {len(rest)} more rules with {hidden} findings, none worse than these"))
    name = plain.line(report.name)
    # A name is easier to say and to type; one that a shell would take apart is no help.
    command = f"dockyard report {name if _PLAIN_WORD.fullmatch(name) else plain.line(report.run)}"
    parts += [
        Text(""),
        Text.assemble("Every finding in full: ", (command, "bold")),
        Text("Other formats: --format json, markdown, sarif, html, csv or cyclonedx"),
    ]
    return Group(*parts)


def head(report: Head) -> Iterator[RenderableType]:
    """What the run was, what people should know of it, troubles, counts and facts by node."""
    yield Text(plain.line(report.name), style="bold")
    pairs = view.header(report)
    wide = max(len(label) for label, _ in pairs)
    for label, value in pairs:
        # Never broken: an address in two pieces can be neither clicked nor copied.
        yield Text.assemble("  ", (label.ljust(wide), "dim"), f"  {value}", no_wrap=True, overflow="ignore")
    yield Text("")
    for notice in report.notices:
        yield Text.assemble(("Notice", "yellow"), f": {plain.line(notice)}")
    troubles = view.troubles(report)
    for node, reason in troubles:
        style = "bold red" if node.status.failed else "yellow"
        yield Text.assemble((f"{plain.line(node.node)} {node.status}", style), f": {reason}")
    if troubles or report.notices:
        yield Text("")
    yield _Counts(report)
    for node in report.nodes:
        if known := view.facts(node):
            yield Text("")
            yield Text(plain.line(node.node), style="bold")
            yield Padding(_facts(known), (0, 0, 0, 2))


def count(total: Summary, severity: Severity) -> int:
    """How many findings of that severity."""
    counted = (total.critical, total.error, total.warning, total.info)
    return counted[severity.rank]


def _facts(known: list[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for label, value in known:
        table.add_row(Text(label, style="dim", no_wrap=True), Text(value, overflow="fold"))
    return table


@dataclass(frozen=True)
class _Counts:
    """A line per node with as many columns as fit."""

    report: Head

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Give up columns rather than break words."""
        for left_out in range(len(_DISPENSABLE) + 1):
            table = self._table(_DISPENSABLE[:left_out])
            if Measurement.get(console, options.update(width=10_000), table).maximum <= options.max_width:
                break
        yield table

    def _table(self, without: Sequence[str]) -> Table:
        total = self.report.summary
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_footer=len(self.report.nodes) > 1)
        footers = {"Node": "total", "notes": str(sum(node.notes for node in self.report.nodes))}
        footers |= {severity.value: str(count(total, severity)) for severity in Severity}
        rows = [_cells(node) for node in self.report.nodes]
        shown = [name for name in _HEADERS if name not in without]
        for name in shown:
            words = name in ("Node", "Agent", "Status")
            table.add_column(
                name,
                footer=footers.get(name, ""),
                justify="left" if words else "right",
                no_wrap=name != "Node",
                overflow="fold",
            )
        for row in rows:
            table.add_row(*(row[name] for name in shown))
        return table


_HEADERS = ("Node", "Agent", "Status", *(severity.value for severity in Severity), "notes", "files", "took")


def _cells(node: NodeLine) -> dict[str, Text]:
    status = "" if node.status.ok else "red" if node.status.failed else "yellow"
    return {
        "Node": Text(plain.line(node.node)),
        "Agent": Text(plain.line(node.agent)),
        "Status": Text(node.status.value, style=status),
        **{severity.value: _number(count(node.summary, severity), STYLES[severity], node) for severity in Severity},
        "notes": _number(node.notes, "", node),
        "files": _number(node.files_scanned, "", node),
        "took": Text(view.duration(node.seconds)),
    }


def _number(number: int, style: str, node: NodeLine) -> Text:
    # A node without a report has found nothing out: a nought there would read as "all fine".
    return Text(str(number) if node.reported else "–", style=style if number else "dim")  # noqa: RUF001


@dataclass(frozen=True)
class _Rules:
    """Each rule with an example: beside it where there is room, else below it."""

    found: list[view.Group]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Measure the columns before the example, then choose."""
        names = [group.severity.value for group in self.found], [group.rule for group in self.found]
        severity, rule = (max(len(word) for word in ("Severity", *words)) for words in names)
        node = max(len(word) for word in ("Node", *(group.node for group in self.found)))
        counts = max(len(word) for word in ("Count", *(str(group.count) for group in self.found)))
        left = options.max_width - (severity + counts + rule + node + 8)
        beside = left >= EXAMPLE_WIDTH
        title = f"{'Severity':{severity}}  {'Count':>{counts}}  {'Rule':{rule}}  {'Node':{node}}"
        yield Text(f"{title}  For example" if beside else title.rstrip(), style="dim")
        for group in self.found:
            line = Text.assemble(
                (f"{group.severity.value:{severity}}", STYLES[group.severity]),
                f"  {group.count:>{counts}}  {group.rule:{rule}}  {group.node:{node}}",
            )
            if beside:
                example = _example(group)
                example.truncate(left, overflow="ellipsis")
                yield Text.assemble(line, "  ", example)
                continue
            line.rstrip()
            yield line
            yield from _below(group, severity + counts + 4, console, options.max_width)


def _below(group: view.Group, indent: int, console: Console, width: int) -> Iterator[Text]:
    """The example on two lines at most, broken between words; a long path has the first to itself, whole."""
    room = max(width - indent, EXAMPLE_WIDTH)
    finding = group.example
    place = Text(view.place(finding), style="bold")
    if place.cell_len > room:
        message = Text(plain.line(finding.message))
        message.truncate(room, overflow="ellipsis")
        lines = [place, message]
    else:
        lines = [*_example(group).wrap(console, room)]
        for line in lines:
            line.rstrip()
        if len(lines) > 2:
            lines[1].truncate(room - 1)
            lines[1].append("…")
    for line in lines[:2]:
        yield Text.assemble(" " * indent, line, no_wrap=True, overflow="ignore")


def _example(group: view.Group) -> Text:
    finding = group.example
    return Text.assemble((view.place(finding), "bold"), " ", plain.line(finding.message))
