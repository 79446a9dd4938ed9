"""A plan as a picture: nodes as boxes in columns, a column per wave, sub-workflows as boxes with boxes in them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from types import MappingProxyType

from flows.reports import plain
from flows.reports.layout import Arrow, Point, Size, layered
from flows.reports.plan_words import details, kind
from flows.reports.planned import Expectation, PlannedNode, RunPlan, Stage

WIDTH = 232.0
LINE = 16.0
PADDING = 10.0
MARGIN = 24.0
CHARACTERS = 34
"""What fits into a line of a box."""
MAX_LINES = 2
"""Lines that one detail may take; the box's title has all of it."""
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_STYLES = """\
text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#475467}
.id{font-weight:600;font-size:13px;fill:#101828}.kind{fill:#175cd3}
.box{fill:#fff;stroke:#175cd3;stroke-width:1.5}.part{fill:#f9fafb;stroke:#667085;stroke-width:1.5}
.open{stroke-dasharray:7 4}.on-failure{stroke:#b42318;stroke-dasharray:7 4}
.skipped{fill:#f2f4f7;stroke:#98a2b3;stroke-dasharray:2 4}.gate{stroke:#b54708;stroke-width:3}
.arrow{fill:none;stroke:#667085;stroke-width:1.5}.error{stroke:#b42318;stroke-dasharray:5 4}"""
_STAGE_STYLES = """\
.ahead{fill:#fff;stroke:#98a2b3;stroke-dasharray:none}.running{fill:#d1e9ff;stroke:#175cd3;stroke-width:3;stroke-dasharray:none}
.asking{fill:#fef0c7;stroke:#b54708;stroke-width:3;stroke-dasharray:none}
.completed{fill:#d1fadf;stroke:#027a48;stroke-width:1.5;stroke-dasharray:none}
.failed{fill:#fee4e2;stroke:#b42318;stroke-width:3;stroke-dasharray:none}
.passed-over{fill:#f2f4f7;stroke:#98a2b3;stroke-width:1.5;stroke-dasharray:2 4}.stage{font-weight:600;fill:#101828}"""
_TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0 8 4 0 8z" fill="#667085"/></marker></defs>'
)
_LEGEND = MappingProxyType(
    {
        Expectation.STARTS.value: "starts",
        Expectation.OPEN.value: "decided in the run",
        Expectation.ON_FAILURE.value: "only after a failure",
        Expectation.SKIPPED.value: "skipped",
    }
)
_CLASSES = MappingProxyType(
    {
        Stage.AHEAD: "ahead",
        Stage.RUNNING: "running",
        Stage.ASKING: "asking",
        Stage.COMPLETED: "completed",
        Stage.FAILED: "failed",
        Stage.SKIPPED: "passed-over",
    }
)
_STAGE_LEGEND = MappingProxyType({style: stage.value for stage, style in _CLASSES.items()})
Stages = Mapping[str, Stage]
"""How far nodes are, by their names in the run."""


@dataclass
class _Picture:
    """Elements drawn from the origin, and the room that they take."""

    size: Size
    elements: list[str] = field(default_factory=list)


def render(plan: RunPlan, stages: Stages | None = None) -> str:
    """One SVG document without scripts, fonts or images; its title and those of its boxes are for screen readers.

    With `stages` it is the picture of a run that has begun: a node of which nothing is said lies ahead of it.
    """
    picture = _workflow(plan, stages)
    head = MARGIN + 2 * LINE
    width = max(picture.size.width, 620.0) + 2 * MARGIN
    height = head + picture.size.height + 2 * MARGIN + LINE
    count = sum(1 for _ in plan.nodes())
    what = "Plan" if stages is None else "Run"
    body = [
        f'<title id="title">{_text(f"{what} of {plan.workflow}")}</title>',
        f'<desc id="desc">{_text(f"{count} nodes in {len(plan.waves) + len(plan.last)} waves. {plan.description}")}</desc>',
        f"<style>{_STYLES if stages is None else _STYLES + _STAGE_STYLES}</style>",
        _TIP,
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>',
        _line(MARGIN, MARGIN + LINE - 4, plan.workflow, "id"),
        f'<g transform="translate({MARGIN:g} {head:g})">',
        *picture.elements,
        "</g>",
        *_legend(MARGIN, height - MARGIN, _LEGEND if stages is None else _STAGE_LEGEND),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" aria-labelledby="title desc">\n' + "\n".join(body) + "\n</svg>\n"
    )


def _workflow(plan: RunPlan, stages: Stages | None) -> _Picture:
    """The nodes, and beside them those of `finally` in a frame of their own."""
    main = _waves(plan.waves, stages)
    if not plan.last:
        return main
    framed = _framed(_waves(plan.last, stages), "finally", ["when all others have ended"], "part")
    height = max(main.size.height, framed.size.height)
    up, down = (height - main.size.height) / 2, (height - framed.size.height) / 2
    bar, left = main.size.width + 20, main.size.width + 72
    elements = [
        *_moved(main, (0, up)),
        # Whatever ends last, `finally` comes after it: one bar for all of them.
        f'<path class="arrow" style="stroke-width:3" d="M{bar:g} {up:g}V{up + main.size.height:g}"/>',
        f'<path class="arrow" marker-end="url(#tip)" d="M{bar:g} {height / 2:g}H{left:g}"/>',
        *_moved(framed, (left, down)),
    ]
    return _Picture(Size(left + framed.size.width, height), elements)


def _waves(waves: Sequence[Sequence[PlannedNode]], stages: Stages | None) -> _Picture:
    boxes = {node.id: _box(node, stages) for wave in waves for node in wave}
    why = {(wait.node, node.id): wait.why for wave in waves for node in wave for wait in node.after if wait.node in boxes}
    drawn = without_detours([node.id for wave in waves for node in wave], why)
    placed = layered([[node.id for node in wave] for wave in waves], {name: box.size for name, box in boxes.items()}, drawn)
    elements = [_arrow(placed.paths[arrow], why[arrow]) for arrow in drawn]
    for name, box in boxes.items():
        elements += _moved(box, placed.corners[name])
    return _Picture(placed.size, elements)


def without_detours(order: Sequence[str], arrows: Iterable[Arrow]) -> list[Arrow]:
    """`arrows` without those that a longer way says, too. `order` is one in which every arrow leads forward."""
    before: dict[str, set[str]] = {name: set() for name in order}
    for source, target in arrows:
        before[target].add(source)
    all_before: dict[str, set[str]] = {}
    kept = []
    for name in order:
        further = set().union(*(all_before[one] for one in before[name]))
        all_before[name] = before[name] | further
        kept += [(one, name) for one in sorted(before[name] - further)]
    return kept


def _box(node: PlannedNode, stages: Stages | None) -> _Picture:
    style = node.expectation.value + (" gate" if node.approval or node.changes else "")
    said = [*details(node)]
    if stages is not None:
        stage = stages.get(node.name, Stage.AHEAD)
        style, said = _CLASSES[stage], [stage.value, *said]
    wrapped = [line for detail in said for line in _wrapped(plain.line(detail))]
    title = _text(". ".join([f"{node.name}: {kind(node)}", node.description.rstrip("."), *said]))
    if node.part is not None:
        inner = _framed(_workflow(node.part, stages), node.id, [kind(node), *wrapped], f"part {style}")
        return _Picture(inner.size, ["<g>", f"<title>{title}</title>", *inner.elements, "</g>"])
    height = 2 * PADDING + LINE * (2 + len(wrapped))
    elements = [
        "<g>",
        f"<title>{title}</title>",
        _frame(WIDTH, height, f"box {style}"),
        *_lines([node.id, kind(node), *wrapped]),
        "</g>",
    ]
    return _Picture(Size(WIDTH, height), elements)


def _framed(inner: _Picture, name: str, below: Sequence[str], style: str) -> _Picture:
    top = PADDING * 2 + LINE * (1 + len(below))
    width = max(inner.size.width + 2 * MARGIN, WIDTH)
    height = top + inner.size.height + MARGIN
    return _Picture(
        Size(width, height),
        [_frame(width, height, style), *_lines([name, *below]), *_moved(inner, ((width - inner.size.width) / 2, top))],
    )


def _frame(width: float, height: float, style: str) -> str:
    return f'<rect class="{style}" width="{width:g}" height="{height:g}" rx="8"/>'


def _lines(lines: Sequence[str]) -> list[str]:
    styles = ["id", "kind", *[""] * len(lines)]
    return [
        _line(PADDING + 2, PADDING + LINE * (index + 1) - 4, text, style)
        for index, (text, style) in enumerate(zip(lines, styles, strict=False))
    ]


def _line(x: float, y: float, text: str, style: str) -> str:
    named = f' class="{style}"' if style else ""
    return f'<text x="{x:g}" y="{y:g}"{named}>{_text(_short(text, 2 * CHARACTERS if x == MARGIN else CHARACTERS))}</text>'


def _wrapped(text: str) -> list[str]:
    lines = textwrap.wrap(text, CHARACTERS, break_on_hyphens=False) or [""]
    if len(lines) > MAX_LINES:
        lines = [*lines[: MAX_LINES - 1], _short(" ".join(lines[MAX_LINES - 1 :]), CHARACTERS)]
    return lines


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _moved(picture: _Picture, to: Point) -> list[str]:
    return [f'<g transform="translate({to[0]:g} {to[1]:g})">', *picture.elements, "</g>"]


def _arrow(points: Sequence[Point], why: str) -> str:
    (x, y), *rest = points
    parts = [f"M{x:g} {y:g}"]
    for to_x, to_y in rest:
        middle = (x + to_x) / 2
        parts.append(f"H{to_x:g}" if to_y == y else f"C{middle:g} {y:g} {middle:g} {to_y:g} {to_x:g} {to_y:g}")
        x, y = to_x, to_y
    return f'<path class="arrow{" error" if why == "error" else ""}" marker-end="url(#tip)" d="{"".join(parts)}"/>'


def _legend(x: float, y: float, legend: Mapping[str, str]) -> list[str]:
    elements = []
    for style, meaning in legend.items():
        elements.append(f'<rect class="box {style}" x="{x:g}" y="{y - 11:g}" width="22" height="13" rx="3"/>')
        elements.append(f'<text x="{x + 28:g}" y="{y:g}">{meaning}</text>')
        x += 40 + 6.5 * len(meaning)
    return elements


def _text(text: str) -> str:
    """Text of an element: nothing that is markup, and no character that XML cannot hold."""
    return escape(_NOT_XML.sub("\ufffd", plain.line(text)))
