"""A node of a plan in short sentences, which text and pictures share."""

from __future__ import annotations

from collections.abc import Iterator

from flows.definition.schema import Approval, Concurrency, RunIf
from flows.reports.planned import Expectation, FanOut, PlannedNode

_UNITS = (("d", 86400), ("h", 3600), ("m", 60))


def duration(seconds: float) -> str:
    """Seconds as a workflow writes them: 90s, 10m, 2h."""
    for unit, size in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def kind(node: PlannedNode) -> str:
    """What the node runs: its agent, or the workflow that it stands for."""
    return node.agent or f"workflow {node.workflow}"


def details(node: PlannedNode) -> Iterator[str]:
    """What is special about a node, a line each, the most important first. Who it waits for is not among it."""
    if node.expectation is Expectation.SKIPPED:
        yield f"skipped: {node.reason}"
    if node.changes or node.approval:
        yield "changes something" if node.changes else "asks for approval"
    if node.approval is not None:
        yield _approval(node.approval)
    yield from _starts(node)
    yield from _turns(node)
    if node.on_error == "continue":
        yield "its failure does not fail the run"
    elif node.on_error != "fail":
        yield f"on error: {node.on_error}"
    if node.timeout is not None:
        yield f"at most {duration(node.timeout)}"
    if node.limits is not None:
        asked = ((node.limits.memory, "MiB"), (node.limits.cpus, "CPUs"), (node.limits.pids, "processes"))
        yield "limits: " + ", ".join(f"{value:g} {unit}" for value, unit in asked if value is not None)


def _starts(node: PlannedNode) -> Iterator[str]:
    if node.when is not None:
        known = {True: ": true with these params", False: "", None: ": decided in the run"}[node.holds]
        yield f"only if {_expression(node.when)}{known}"
    if node.expectation is not Expectation.SKIPPED and node.reason and not node.handles:
        yield node.reason
    if node.handles:
        yield f"handles errors of {', '.join(node.handles)}"
    elif node.run_if is RunIf.ALWAYS:
        yield "whatever happened before"


def _turns(node: PlannedNode) -> Iterator[str]:
    if node.fan_out is not None:
        yield _fan_out(node.fan_out)
    if node.repeat is not None:
        pause = f", {duration(node.repeat.delay)} between" if node.repeat.delay else ""
        yield f"again until {_expression(node.repeat.until)}, {node.repeat.max} times at most{pause}"
    if node.retries:
        waits = ", ".join(duration(wait) for wait in node.retries)
        yield f"{counted(len(node.retries), 'retry', 'retries')} after {waits}"


def counted(number: int, one: str, more: str | None = None) -> str:
    """`1 item`, `2 items`."""
    return f"{number} {one if number == 1 else more or one + 's'}"


def at_once(limit: Concurrency) -> str:
    """How many runs of a workflow there can be at once, and what becomes of one more."""
    per = " per repository" if limit.per == "repository" else ""
    return f"{counted(limit.max, 'run')}{per}; one more {'waits' if limit.on_limit == 'wait' else 'is cancelled'}"


def _expression(text: str) -> str:
    """An expression on one line, without the braces around it."""
    bare = " ".join(text.split())
    whole = bare.startswith("{{") and bare.endswith("}}") and bare.count("{{") == 1
    return bare[2:-2].strip() if whole else bare


def _approval(approval: Approval) -> str:
    people = ", ".join(approval.approvers)
    return f"waits for {approval.quorum} of {people}; expires after {duration(approval.expires)}"


def _fan_out(found: FanOut) -> str:
    items = f"each of {_expression(found.items)}" if found.count is None else f"each of {counted(found.count, 'item')}"
    return f"for {items}, {found.concurrency} at once"
