"""Types of reports and params: which fields there are, and whether one fits another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
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


@dataclass(frozen=True)
class Shape:
    """What a value can be. Without `kinds` (names of JSON types) it can be anything.

    `fields` are an object's, those of `optional` may be missing, `others` is what any other field holds (None: there is
    no other); `items` is what a list holds.
    """

    kinds: frozenset[str] = frozenset()
    fields: Mapping[str, Shape] = field(default_factory=dict)
    others: Shape | None = None
    items: Shape | None = None
    optional: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *kinds: str) -> Shape:
        """A value of one of these types, of which nothing more is known."""
        return cls(frozenset(kinds), others=ANY if "object" in kinds else None, items=ANY if "array" in kinds else None)

    @classmethod
    def listing(cls, items: Shape | None) -> Shape:
        """A list of such values; without `items` one that holds nothing."""
        return cls(frozenset({"array"}), items=items)

    @classmethod
    def record(cls, fields: Mapping[str, Shape], optional: Iterable[str] = ()) -> Shape:
        """An object with these fields and no others."""
        return cls(frozenset({"object"}), fields=fields, optional=frozenset(optional))

    @classmethod
    def either(cls, shapes: Iterable[Shape]) -> Shape:
        """A value that is one of these; of none, anything."""
        found = list(shapes)
        if len(found) == 1:
            return found[0]
        return _union(found) if found and all(shape.kinds for shape in found) else ANY

    def at(self, step: str | int) -> Shape | None:
        """What a field or an index of it is; None where there can be none."""
        if not self.kinds:
            return ANY
        if isinstance(step, int):
            return self.items or ANY if "array" in self.kinds else None
        if "object" not in self.kinds:
            return None
        return self.fields.get(step, self.others)

    def fits(self, target: Shape) -> bool:
        """Whether a value of this shape can be one of `target`: whether they have a type in common."""
        if not self.kinds or not target.kinds:
            return True
        wide = target.kinds | ({"integer"} if "number" in target.kinds else set())
        common = self.kinds & wide
        if common == {"array"} and self.items is not None and target.items is not None:
            return self.items.fits(target.items)
        return bool(common)

    def __str__(self) -> str:
        names = sorted(self.kinds - {"array"})
        if "array" in self.kinds:
            held = self.items is not None and self.items.kinds
            names.append(f"array of {self.items}" if held else "array")
        return " or ".join(names) or "anything"


ANY = Shape()
"""Anything: nothing is known."""


def _union(shapes: Sequence[Shape]) -> Shape:
    """One pass over all of them: a list in a file can have a hundred thousand items, no two alike."""
    fields: dict[str, list[Shape]] = {}
    for shape in shapes:
        for name, held in shape.fields.items():
            fields.setdefault(name, []).append(held)
    others = [shape.others for shape in shapes if shape.others is not None]
    items = [shape.items for shape in shapes if shape.items is not None]
    return Shape(
        kinds=frozenset().union(*(shape.kinds for shape in shapes)),
        fields={name: Shape.either(held) for name, held in fields.items()},
        others=Shape.either(others) if others else None,
        items=Shape.either(items) if items else None,
        optional=frozenset().union(*(shape.optional for shape in shapes)),
    )


@lru_cache(maxsize=256)
def shape_of(model: type[Report | Params]) -> Shape:
    """The shape of an agent's report or params."""
    root: JsonSchema = model.model_json_schema(mode="serialization")
    return _shape(root, root, ())


def _shape(schema: JsonSchema, root: JsonSchema, above: tuple[str, ...]) -> Shape:
    parts = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf") or ()
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        # What holds itself is known to the depth where it begins anew.
        return ANY if name in above else _shape(root["$defs"][name], root, (*above, name))
    if parts and ("allOf" not in schema or len(parts) == 1):
        return Shape.either(_shape(part, root, above) for part in parts)
    if "type" not in schema:
        values = schema.get("enum", [schema["const"]] if "const" in schema else [])
        return Shape.of(*{_NAMES[type(value)] for value in values})
    if schema["type"] == "array":
        return Shape.listing(_shape(schema.get("items", {}), root, above))
    return _object(schema, root, above) if schema["type"] == "object" else Shape.of(schema["type"])


def _object(schema: JsonSchema, root: JsonSchema, above: tuple[str, ...]) -> Shape:
    named = {key: _shape(part, root, above) for key, part in schema.get("properties", {}).items()}
    extra = schema.get("additionalProperties", not named)
    others = ANY if extra is True else _shape(extra, root, above) if extra else None
    return Shape(frozenset({"object"}), fields=named, others=others)


def check_literal(model: type[Params], name: str, value: JsonValue) -> str | None:
    """Why `value` does not fit the param `name`, or None when it does."""
    return _refusal(_field(model, name), value)


@lru_cache(maxsize=1024)
def _field(model: type[Params], name: str) -> TypeAdapter[Any]:
    return TypeAdapter(model.model_fields[name].rebuild_annotation())


@lru_cache(maxsize=256)
def _whole(model: type[Params]) -> TypeAdapter[Any]:
    return TypeAdapter(model)


def check_together(model: type[Params], inputs: dict[str, JsonValue]) -> str | None:
    """Why `inputs`, each of which fits alone, do not fit together, or None. A missing one is not told here."""
    if any(field.is_required() and name not in inputs for name, field in model.model_fields.items()):
        return None
    return _refusal(_whole(model), inputs)


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
        adapter.validate_json(_JSON.dump_json(value))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{where + ': ' if where else ''}{first['msg'].removeprefix('Value error, ')}"
    return None


_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)
