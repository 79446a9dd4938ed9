"""A plan as a Mermaid flowchart, for Markdown pages and pull requests. https://mermaid.js.org/syntax/flowchart.html"""

from __future__ import annotations

import re
from collections.abc import Iterator

from flows.reports import plain
from flows.reports.plan_words import details, kind
from flows.reports.planned import Expectation, PlannedNode, RunPlan

MAX_LINE = 60
"""Longest line of a label; the text format has all of it."""
_CLASSES = (
    "classDef open stroke-dasharray:6 3",
    "classDef failure stroke:#b42318,stroke-dasharray:6 3",
    "classDef skipped stroke:#98a2b3,color:#667085,stroke-dasharray:2 3",
    "classDef gate stroke:#b54708,stroke-width:3px",
)
_CLASS = {Expectation.OPEN: "open", Expectation.ON_FAILURE: "failure", Expectation.SKIPPED: "skipped"}


def render(plan: RunPlan) -> str:
    """One `flowchart`. Ids are made of node ids with a prefix, so that none is a word of Mermaid's (`end`, say)."""
    lines = [f"accTitle: {_inert(f'Plan of {plan.workflow}')}", *_CLASSES, *_graph(plan, "n")]
    return "flowchart LR\n" + "".join(f"  {line}\n" for line in lines)


def _graph(plan: RunPlan, prefix: str) -> Iterator[str]:
    main = [node for wave in plan.waves for node in wave]
    last = [node for wave in plan.last for node in wave]
    if last:
        yield f'subgraph {prefix}_main["nodes"]'
        yield "direction LR"
        yield from _nodes(main, prefix)
        yield "end"
        yield f'subgraph {prefix}_finally["finally, when all others have ended"]'
        yield "direction LR"
        yield from _nodes(last, prefix)
        yield "end"
        yield f"{prefix}_main --> {prefix}_finally"
    else:
        yield from _nodes(main, prefix)
    inside = {node.id for node in last}
    for node in (*main, *last):
        for wait in node.after:
            if node.id in inside and wait.node not in inside:
                continue  # the arrow between the two parts says it for all
            arrow = "-. on error .->" if wait.why == "error" else "-->"
            yield f"{prefix}_{wait.node} {arrow} {prefix}_{node.id}"


def _nodes(nodes: list[PlannedNode], prefix: str) -> Iterator[str]:
    for node in nodes:
        name = f"{prefix}_{node.id}"
        if node.part is not None:
            yield f'subgraph {name}["{_title(node)}"]'
            yield "direction LR"
            yield from _graph(node.part, name)
            yield "end"
        else:
            opened, closed = ("{{", "}}") if node.approval or node.changes else ("[", "]")
            yield f'{name}{opened}"{_label(node)}"{closed}'
        gate = "gate" if node.approval or node.changes else None
        for style in (_CLASS.get(node.expectation), gate):
            if style:
                yield f"class {name} {style}"


def _label(node: PlannedNode) -> str:
    lines = [node.id, kind(node), *details(node)]
    return "<br/>".join(_escaped(_short(plain.line(line))) for line in lines)


def _title(node: PlannedNode) -> str:
    """A label on one line: Mermaid draws a second one over what is inside."""
    return _escaped(_short(plain.line("; ".join([f"{node.id}: {kind(node)}", *details(node)]))))


def _short(text: str) -> str:
    return text if len(text) <= MAX_LINE else f"{text[: MAX_LINE - 1]}…"


def _escaped(text: str) -> str:
    """Text for a quoted label: whatever is not plain becomes a character reference, `#` being Mermaid's `&`."""
    return re.sub(r"[^\w\s.,:;()=+/…'!?-]", lambda found: f"#{ord(found[0])};", text)


def _inert(text: str) -> str:
    return re.sub(r"[^\w .-]", "", plain.line(text))
