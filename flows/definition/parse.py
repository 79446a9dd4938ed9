"""The file's data as models, pydantic's errors in the words of a YAML file (DY002)."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from agents.contract.schema import Frozen
from flows.definition.places import Document, Place
from flows.definition.problems import DefinitionError, Problem, did_you_mean
from flows.definition.schema import Workflow

_REASONS = {
    "model_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "tuple_type": "must be a list",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "too_short": "must have at least one item",
}
_PATTERNS = {
    "name": "has lower-case letters, digits and dashes, 63 at most",
    "approvers": "is 'user:<name>' or 'group:<name>'",
}
_ITEMS = "must be a list or one whole {{ expression }}"
_EITHER = {"nodes": ("agent", "workflow"), "finally": ("agent", "workflow"), "schedule": ("cron", "interval")}
"""What has one of two keys."""
_HINTS = {("repeat", "max"): "A loop has a bound, such as max: 10."}


def parse(document: Document) -> Workflow:
    """The file's data as a workflow. Raises DefinitionError (DY002) with everything that does not fit."""
    try:
        return Workflow.model_validate(document.data)
    except ValidationError as error:
        found = error.errors()
    problems = list(_problems(document, found))
    raise DefinitionError(problems)


def _problems(document: Document, found: list[ErrorDetails]) -> Iterator[Problem]:
    yield from _one_of_both(document)
    places = [item["loc"] for item in found]
    told: set[Place] = set()
    for item in found:
        place: Place = item["loc"]
        # pydantic counts the sound items alone: a list whose only item is wrong is not short as well.
        if item["type"] == "too_short" and any(other != place and other[: len(place)] == place for other in places):
            continue
        if "has either" in item["msg"]:  # told above, for every node and schedule at once
            continue
        at = _at(document, place)
        if at in told:
            continue
        told.add(at)
        yield _problem(document, item, place, at)


def _problem(document: Document, item: ErrorDetails, place: Place, at: Place) -> Problem:
    name = _called(at)
    hint: str | None = None
    if item["type"] == "extra_forbidden":
        hint = did_you_mean(str(place[-1]), _keys(_model_at(place[:-1])))
        return document.problem("DY002", f"{name} is not a key here.", at, hint, key=True)
    if item["type"] == "missing":
        hint = next((text for tail, text in _HINTS.items() if place[-len(tail) :] == tail), None)
        return document.problem("DY002", f"{name} is missing.", at, hint)
    if item["type"] == "enum" and isinstance(item["input"], str):
        choices = item["ctx"]["expected"].split("'")[1::2]  # 'a', 'b' or 'c'
        near = get_close_matches(item["input"], choices, n=1)
        hint = f"Did you mean '{near[0]}'?" if near else None
    reason = _reason(item, place)
    return document.problem("DY002", f"{name}: {reason[:1].lower()}{reason[1:]}.", at, hint)


def _reason(item: ErrorDetails, place: Place) -> str:
    if "for_each" in place and place[-1] == "for_each" and item["type"] == "model_type":
        return f"{_ITEMS}, or a mapping with 'items'"
    if place[2:4] == ("for_each", "items"):
        return _ITEMS
    if item["type"] == "string_pattern_mismatch":
        known = next((_PATTERNS[str(step)] for step in reversed(place) if step in _PATTERNS), None)
        if known is not None:
            return known
    return _REASONS.get(item["type"]) or item["msg"].removeprefix("Value error, ")


def _one_of_both(document: Document) -> Iterator[Problem]:
    """Nodes and schedules that have both of two keys, or neither."""
    data = document.data if isinstance(document.data, dict) else {}
    for part, (one, other) in _EITHER.items():
        written = data.get(part)
        several = isinstance(written, list)
        for index, entry in enumerate(written if isinstance(written, list) else [written]):
            if not isinstance(entry, dict) or (entry.get(one) is None) is not (entry.get(other) is None):
                continue
            place: Place = (part, index) if several else (part,)
            if entry.get(one) is None:
                hint = f"There is '{one}' or '{other}'."
                yield document.problem("DY002", f"'{one}' is missing.", (*place, one), hint)
            else:
                message = f"'{one}' and '{other}' cannot stand together."
                yield document.problem("DY002", message, (*place, other), "Write one of the two.", key=True)


def _at(document: Document, place: Place) -> Place:
    """Where the file writes what the model holds at `place`: a single schedule and bare items have no level of their own."""
    if place[:2] == ("schedule", 0) and not isinstance(_value(document, ("schedule",)), list):
        place = ("schedule", *place[2:])
    if place[2:4] == ("for_each", "items"):
        short = not isinstance(_value(document, place[:3]), dict)
        index = [step for step in place[4:] if isinstance(step, int)][:1]
        return (*place[:3], *index) if short else (*place[:4], *index)
    return place


def _value(document: Document, place: Place) -> object:
    current: Any = document.data
    for step in place:
        try:
            current = current[step]
        except (LookupError, TypeError):
            return None
    return current


def _called(place: Place) -> str:
    match place:
        case (*_, str(key)):
            return f"'{key}'"
        case (*_, key, int(index)):
            return f"item {index + 1} of '{key}'"
        case _:
            return "the file"


def _model_at(place: Place) -> type[Frozen]:
    """The model that describes what stands at `place`."""
    model: type[Frozen] = Workflow
    for step in place:
        if isinstance(step, str):
            model = _models(model).get(step, model)  # the name of a param is no key of a model
    return model


@cache
def _models(model: type[Frozen]) -> dict[str, type[Frozen]]:
    """The models below, by key."""
    found = {field.alias or name: _inner(field.annotation) for name, field in model.model_fields.items()}
    return {key: inner for key, inner in found.items() if inner is not None}


def _inner(annotation: object) -> type[Frozen] | None:
    if isinstance(annotation, type) and issubclass(annotation, Frozen):
        return annotation
    return next((inner for part in get_args(annotation) if (inner := _inner(part)) is not None), None)


def _keys(model: type[Frozen]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
