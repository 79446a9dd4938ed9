"""A workflow's params as a form that a person fills in: what each takes, and what is wrong with what was typed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from pydantic import JsonValue

from agents.contract.schema import Frozen
from flows.definition.draft import BUILT_IN_PARAMS
from flows.definition.loader import read_params
from flows.definition.schema import Param, ParamType, Workflow
from flows.definition.types import check_param

_EXPECTS = MappingProxyType(
    {
        ParamType.STRING: "text",
        ParamType.INTEGER: "a whole number",
        ParamType.NUMBER: "a number",
        ParamType.BOOLEAN: "true or false",
        ParamType.ARRAY: 'a list as JSON, such as ["a", "b"]',
        ParamType.OBJECT: 'an object as JSON, such as {"a": 1}',
    }
)


class Kind(StrEnum):
    """How a field is filled in."""

    TEXT = "text"
    LONG = "long"
    CHOICE = "choice"
    SWITCH = "switch"


class Field(Frozen):
    """One param. All texts are as a person types them: what `StartRequest.typed` takes."""

    name: str
    kind: Kind
    expects: str
    description: str = ""
    default: str = ""
    choices: tuple[str, ...] = ()
    required: bool = False


def fields(workflow: Workflow) -> tuple[Field, ...]:
    """The workflow's own params, in the order of its file; repository and ref are every run's."""
    return tuple(_field(name, param) for name, param in workflow.params.items() if name not in BUILT_IN_PARAMS)


def typed(workflow: Workflow, filled: Mapping[str, str]) -> dict[str, str]:
    """What was filled in as a start takes it: what was left empty is left out, and the default counts.

    An empty text that replaces a default stays: it is a text like another.
    """
    return {
        name: text
        for name, text in filled.items()
        if text.strip() or (workflow.params[name].type is ParamType.STRING and workflow.params[name].default)
    }


def problems(workflow: Workflow, filled: Mapping[str, str]) -> dict[str, str]:
    """By param what is wrong with what was filled in, as a sentence; empty where a run can begin with it."""
    values = read_params(workflow, typed(workflow, filled))
    found: dict[str, str] = {}
    for field in fields(workflow):
        param = workflow.params[field.name]
        if field.name not in values:
            if field.required:
                found[field.name] = f"{field.name} is needed: {field.expects}."
        elif reason := check_param(param, values[field.name]):
            found[field.name] = f"{field.name} {reason}. Write {field.expects}."
    return found


def _field(name: str, param: Param) -> Field:
    choices = () if param.enum is None else tuple(_text(choice) for choice in param.enum)
    return Field(
        name=name,
        kind=_kind(param),
        expects=f"one of {', '.join(choices)}" if choices else _EXPECTS[param.type],
        description=param.description,
        default="" if param.default is None else _text(param.default),
        choices=choices,
        required=param.default is None,
    )


def _kind(param: Param) -> Kind:
    if param.enum is not None:
        return Kind.CHOICE
    if param.type is ParamType.BOOLEAN:
        return Kind.SWITCH
    return Kind.LONG if param.type in (ParamType.ARRAY, ParamType.OBJECT) else Kind.TEXT


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
