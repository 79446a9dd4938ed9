"""Options that several commands share, and how their text becomes values."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from pydantic import JsonValue

from flows.errors import InvalidInputError
from flows.settings import RuntimeName

Repository = Annotated[
    str,
    typer.Option("--repository", "-r", help="Path or git URL of the repository.", show_default="this folder"),
]
Ref = Annotated[str, typer.Option("--ref", help="Branch, tag or commit.")]
Runtime = Annotated[
    RuntimeName | None,
    typer.Option("--runtime", help="What executes agents; auto takes docker when an engine answers."),
]


def params(given: list[str]) -> dict[str, JsonValue]:
    """`key=value` texts as values: JSON where the value is JSON, else text. Raises InvalidInputError."""
    values: dict[str, JsonValue] = {}
    for item in given:
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise InvalidInputError(f"--param takes key=value, not '{item}'")
        values[key] = _value(value)
    return values


def _value(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return value


def json_object(text: str, option: str) -> dict[str, JsonValue]:
    """A JSON object given as text. Raises InvalidInputError that names `option`."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InvalidInputError(f"{option} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidInputError(f'{option} takes a JSON object such as {{"scope": "all"}}')
    return value
