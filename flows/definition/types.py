"""Types of reports and params: which fields there are, and whether one fits another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from pydantic import JsonValue, TypeAdapter, ValidationError

from agents.contract.schema import Params, Report
from flows.definition.schema import Param, ParamType

_PYTHON: dict[ParamType, type | tuple[type, ...]] = {
    ParamType.STRING: str,
    ParamType.INTEGER: int,
    ParamType.NUMBER: (int, float),
    ParamType.BOOLEAN: bool,
    ParamType.ARRAY: list,
    ParamType.OBJECT: dict,
}

_NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}

JsonSchema: TypeAlias = dict[str, Any]
"""A JSON schema, whose shape the JSON Schema standard gives."""


def schema_of(model: type[Report | Params]) -> JsonSchema:
    """The model's JSON schema with `$defs`."""
    return model.model_json_schema(mode="serialization")


def fields(schema: JsonSchema, root: JsonSchema) -> list[str]:
    """Names of the fields of an object schema, empty for anything else."""
    return sorted(name for part in _options(schema, root) for name in part.get("properties", {}))


def find(root: JsonSchema, path: Sequence[str | int]) -> JsonSchema | None:
    """The schema at `path` below `root`, `{}` where anything may stand, None where nothing can."""
    current: JsonSchema = root
    for step in path:
        found = [item for part in _options(current, root) if (item := _step(part, step)) is not None]
        if not found:
            return None
        current = found[0] if len(found) == 1 else {"anyOf": found}
    return current


def _step(part: JsonSchema, step: str | int) -> JsonSchema | None:
    anything: JsonSchema = {}
    if not part:
        return anything
    if isinstance(step, int):
        return part.get("items", anything) if part.get("type") == "array" else None
    if part.get("type") != "object":
        return None
    named: JsonSchema = part.get("properties", {})
    if step in named:
        field: JsonSchema = named[step]
        return field
    extra = part.get("additionalProperties", not named)
    return anything if extra is True else (extra or None)


def _options(schema: JsonSchema, root: JsonSchema) -> list[JsonSchema]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _options(root["$defs"][name], root)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return [option for part in schema[key] for option in _options(part, root)]
    if len(schema.get("allOf", ())) == 1:
        return _options(schema["allOf"][0], root)
    return [schema]


def kinds(schema: JsonSchema, root: JsonSchema) -> frozenset[str]:
    """The JSON types a value of `schema` can have; empty means any."""
    found: set[str] = set()
    for part in _options(schema, root):
        if "type" in part:
            found.add(part["type"])
        elif values := part.get("enum", [part["const"]] if "const" in part else []):
            found.update(_NAMES[type(value)] for value in values)
        else:
            return frozenset()
    return frozenset(found)


def fits(source: frozenset[str], target: frozenset[str]) -> bool:
    """Whether a value of one of the `source` types can be one of the `target` types; empty is any."""
    if not source or not target:
        return True
    wide = target | ({"integer"} if "number" in target else set())
    return bool(source & wide)


def check_literal(model: type[Params], name: str, value: JsonValue) -> str | None:
    """Why `value` does not fit the param `name`, or None when it does."""
    return _refusal(TypeAdapter(model.model_fields[name].rebuild_annotation()), value)


def check_together(model: type[Params], inputs: dict[str, JsonValue]) -> str | None:
    """Why `inputs`, each of which fits alone, do not fit together, or None. A missing one is not told here."""
    if any(field.is_required() and name not in inputs for name, field in model.model_fields.items()):
        return None
    return _refusal(TypeAdapter(model), inputs)


def check_param(param: Param, value: JsonValue) -> str | None:
    """Why `value` cannot be the workflow param's, as the end of a sentence, or None when it can."""
    truth_for_number = isinstance(value, bool) and param.type in (ParamType.INTEGER, ParamType.NUMBER)
    if truth_for_number or not isinstance(value, _PYTHON[param.type]):
        return f"takes {param.type.value}, not {value!r}"
    if param.enum is not None and value not in param.enum:
        return f"is one of {', '.join(str(choice) for choice in param.enum)}, not {value!r}"
    return None


def _refusal(adapter: TypeAdapter[Any], value: JsonValue) -> str | None:
    try:
        adapter.validate_json(TypeAdapter(JsonValue).dump_json(value))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{where + ': ' if where else ''}{first['msg'].removeprefix('Value error, ')}"
    return None
