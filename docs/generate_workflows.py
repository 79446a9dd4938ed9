#!/usr/bin/env python3
"""Writes the page of the shipped workflows anew, from the workflow files.

The part of `docs/reference/shipped-workflows.md` after the mark is replaced; the rest is written by hand.
`make generate` calls it, and `tests/docs/test_shipped_workflows_page.py` fails when the page is behind the files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from flows.definition.schema import Workflow
from flows.reports.plan_words import at_once, duration
from flows.service.workflows import shipped
from flows.settings import Settings

PAGE = Path(__file__).parent / "reference" / "shipped-workflows.md"
MARK = "<!-- from here on by `make generate` -->"


def page(text: str) -> str:
    """`text` with the workflows as they are now after the mark."""
    head, found, _ = text.partition(MARK)
    if not found:
        raise ValueError(f"{PAGE} lacks the mark {MARK}")
    workflows = [definition.workflow for definition in shipped(Settings())]
    return head + MARK + "\n" + "".join(f"{line}\n" for workflow in workflows for line in _section(workflow))


def _section(workflow: Workflow) -> Iterator[str]:
    yield f"\n## {workflow.name}\n"
    yield f"{workflow.description}\n"
    yield "| param | type | default | meaning |\n|---|---|---|---|"
    for name, param in workflow.params.items():
        kind = ", ".join(f"`{choice}`" for choice in param.enum) if param.enum else param.type.value
        default = "required" if param.default is None else f"`{json.dumps(param.default)}`"
        yield f"| `{name}` | {kind} | {default} | {param.description} |"
    yield ""
    used = sorted({one.agent for one in workflow.all_nodes if one.agent})
    parts = sorted({one.workflow for one in workflow.all_nodes if one.workflow})
    agents = ", ".join(f"[{name}](agents/{name}.md)" for name in used)
    yield f"- Runs {agents}" + "".join(f", and [{name}](#{name}) as a part" for name in parts) + "."
    if workflow.timeout is not None:
        yield f"- At most {duration(workflow.timeout)}."
    if workflow.concurrency is not None:
        yield f"- At most {at_once(workflow.concurrency)}."
    for schedule in workflow.schedule:
        often = f"cron `{schedule.cron}`" if schedule.cron else f"every {duration(schedule.interval or 0)}"
        yield f"- Schedule, {'active' if schedule.active else 'not active'}: {often}, {schedule.timezone}."
    for trigger in workflow.on:
        yield f"- Made for events `{trigger.event.value}`" + (f" with `{trigger.filter}`." if trigger.filter else ".")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
