"""A plan for the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator

from flows.reports import plain
from flows.reports.plan_words import at_once, counted, details, duration, kind
from flows.reports.planned import PlannedNode, RunPlan


def render(plan: RunPlan) -> str:
    """The waves in their order, each node with what it waits for and what is special about it."""
    return "".join(f"{line}\n" if line.strip() else "\n" for line in _lines(plan))


def _lines(plan: RunPlan) -> Iterator[str]:
    yield plain.line(plan.workflow)
    if plan.description:
        yield f"  {plain.line(plan.description)}"
    for name, value in _facts(plan):
        yield f"  {name:<12} {plain.line(value)}"
    yield ""
    yield from _waves(plan, "")


def _facts(plan: RunPlan) -> Iterator[tuple[str, str]]:
    if plan.params:
        yield "Params", ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in plan.params.items())
    if plan.missing:
        yield "Not given", f"{', '.join(plan.missing)}: a run needs {'it' if len(plan.missing) == 1 else 'them'}"
    if plan.timeout is not None:
        yield "Time limit", duration(plan.timeout)
    if plan.concurrency is not None:
        yield "At once", at_once(plan.concurrency)
    for schedule in plan.schedule:
        often = f"cron {schedule.cron}" if schedule.cron else f"every {duration(schedule.interval or 0)}"
        yield "Schedule", f"{often}, {schedule.timezone}{'' if schedule.active else ' (not active)'}"
    for trigger in plan.on:
        yield "Starts on", trigger.event.value + (f" if {trigger.filter}" if trigger.filter else "")


def _waves(plan: RunPlan, indent: str) -> Iterator[str]:
    number = 0
    for title, waves in (("", plan.waves), ("finally", plan.last)):
        for wave in waves:
            number += 1
            side = f", {counted(len(wave), 'node')} side by side" if len(wave) > 1 else ""
            yield f"{indent}{title or f'wave {number}'}{side}"
            width = max(len(node.name) for node in wave)
            for node in wave:
                yield from _node(node, width, f"{indent}   ")


def _node(node: PlannedNode, width: int, indent: str) -> Iterator[str]:
    yield f"{indent}{node.name:<{width}}  {plain.line(kind(node))}"
    below = f"{indent}{'':<{width}}    "
    if node.after:
        yield f"{below}after {', '.join(wait.node for wait in node.after)}"
    for line in details(node):
        yield f"{below}{plain.line(line)}"
    if node.part is not None:
        yield from _waves(node.part, below)
