"""A value that fits a report's JSON schema, with the fields that are wanted and those that must be there."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias

from pydantic import JsonValue

from agents.contract.schema import Finding, Note, NoteKind, Patch, Severity

Path: TypeAlias = tuple[str | int, ...]

_KNOWN: dict[str, JsonValue] = {
    "Finding": Finding(
        rule="secrets/private-key", severity=Severity.ERROR, message="A private key.", file="src/app.py", line=1
    ).model_dump(mode="json"),
    "Note": Note(kind=NoteKind.UNREADABLE, file="src/app.py").model_dump(mode="json"),
    "Patch": Patch(
        diff="diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n", base_commit="0" * 40, files=("run.sh",)
    ).model_dump(mode="json"),
}
"""What every report can hold, as agents write it: their fields have patterns that no general value fits."""
_SCALARS: dict[str, JsonValue] = {"string": "text", "integer": 0, "number": 0, "boolean": False, "null": None}


def example(schema: dict[str, Any], wanted: AbstractSet[Path]) -> JsonValue:
    """An example for a report's schema; a path that ends at an object or list wants the whole of it."""
    return _example(schema, schema, wanted)


def _example(schema: dict[str, Any], root: dict[str, Any], wanted: AbstractSet[Path]) -> JsonValue:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _KNOWN[name] if name in _KNOWN else _example(root["$defs"][name], root, wanted)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            real = [part for part in schema[key] if part.get("type") != "null"]
            return _example((real or schema[key])[0], root, wanted)
    match schema.get("type"):
        case "array":
            return [_example(schema.get("items", {}), root, {path[1:] for path in wanted} | {()})]
        case "object":
            return _object(schema, root, wanted)
        case _:
            return _scalar(schema)


def _scalar(schema: dict[str, Any]) -> JsonValue:
    value: JsonValue = schema.get("default")
    if value is None and "const" in schema:
        value = schema["const"]
    elif value is None and "enum" in schema:
        value = schema["enum"][0]
    elif value is None:
        # No report has a bound that excludes its own end.
        value = schema.get("minimum", _SCALARS.get(schema.get("type", "")))
    return value


def _object(schema: dict[str, Any], root: dict[str, Any], wanted: AbstractSet[Path]) -> JsonValue:
    needed = set(schema.get("required", ()))
    found: dict[str, JsonValue] = {}
    for name, part in schema.get("properties", {}).items():
        below = {path[1:] for path in wanted if path and path[0] == name}
        if () in wanted:
            below.add(())
        if below:
            found[name] = _example(part, root, below)
        elif name in needed:
            found[name] = [] if part.get("type") == "array" else _example(part, root, below)
    return found
