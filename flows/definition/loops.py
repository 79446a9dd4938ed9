"""Templates that cannot be read (DY008), fan-outs without a list (DY015), loops that no turn would end (DY016)."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from flows.definition import templates
from flows.definition.draft import UNTIL, WHEN, Draft
from flows.definition.graph import texts
from flows.definition.places import Place
from flows.definition.problems import Problem
from flows.definition.schema import MAX_FAN_OUT, Node

_WHOLE = {WHEN: ("DY008", "'when'"), UNTIL: ("DY016", "'until'")}
"""What is one whole expression, by its place in a node."""


def unreadable(draft: Draft) -> Iterator[Problem]:
    """Templates that cannot be parsed, and text where one whole expression belongs."""
    for node, place in draft.nodes:
        for inner, text in texts(node):
            yield from syntax(draft, (*place, *inner), text, *_WHOLE.get(inner, ("", "")))


def syntax(draft: Draft, place: Place, text: str, code: str = "", name: str = "") -> Iterator[Problem]:
    """Why `text` cannot be read as a template; with `code`, why it is not one whole expression as `name` must be."""
    try:
        template = templates.parse(text)
    except templates.TemplateProblemError as error:
        message = str(error)
        stop = "" if message.endswith((".", "?")) else "."
        yield draft.problem("DY008", message + stop, place)
        return
    if code and not template.whole:
        yield draft.problem(code, f"{name} is one whole {{{{ expression }}}}.", place)


def check(draft: Draft) -> Iterator[Problem]:
    """Every problem of `for_each` and `repeat`."""
    for node, place in draft.nodes:
        if node.for_each is not None:
            yield from _items(draft, node, node.for_each.items, (*place, "for_each"))
        if node.repeat is not None:
            yield from _until(draft, node, node.repeat.until, (*place, *UNTIL))


def _items(draft: Draft, node: Node, items: str | tuple[JsonValue, ...], place: Place) -> Iterator[Problem]:
    at = (*place, "items") if (*place, "items") in draft.document.marks else place
    if not isinstance(items, str):
        if len(items) > MAX_FAN_OUT:
            message = f"'for_each' has {len(items)} items, and a node runs at most {MAX_FAN_OUT} times."
            yield draft.problem("DY015", message, at, "Let each turn take several.")
        return
    try:
        whole = templates.is_template(items) and templates.parse(items).whole
    except templates.TemplateProblemError:  # a problem of its own
        return
    if not whole:
        hint = "A list stands in brackets: [a, b]."
        yield draft.problem("DY015", "'for_each' is a list or one whole {{ expression }}.", at, hint)
        return
    given = draft.given(items, draft.scope(node, ("for_each",)))
    if given.kinds and "array" not in given.kinds:
        yield draft.problem("DY015", f"'for_each' takes a list, the template gives {given}.", at)


def _until(draft: Draft, node: Node, until: str, place: Place) -> Iterator[Problem]:
    try:
        template = templates.parse(until)
    except templates.TemplateProblemError:  # a problem of its own
        return
    if template.whole and not any(reference.path[:2] == (node.id, "output") for reference in template.references):
        message = f"'until' does not read '{node.id}.output', so no turn of '{node.id}' would change it."
        yield draft.problem("DY016", message, place)
