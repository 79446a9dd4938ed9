"""Agents that others declare in JSON: their manifests, and the models that hold their JSON Schemas.

A property's schema is checked as it stands, by the jsonschema library; what templates may read of a report is known from it
as it is from our own agents' models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Any, TypeVar

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.exceptions import ValidationError as JsonSchemaError
from jsonschema.validators import extend
from pydantic import (
    AfterValidator,
    Field,
    JsonValue,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic_core import SchemaError as PydanticSchemaError
from referencing import Registry

from agents.contract.manifest import Isolation, Limits, Manifest, Risk
from agents.contract.runner import readable
from agents.contract.schema import Frozen, Params, Report
from flows.errors import InvalidInputError
from flows.people import clean

JsonSchema = dict[str, Any]
"""A JSON Schema, whose shape that standard gives."""

M = TypeVar("M", Params, Report)

MAX_MANIFEST = 256 * 1024
"""Bytes of a manifest."""
_DEEP, _MOST = 32, 10_000
_NOT_TAKEN = frozenset({"$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor", "patternProperties"})
"""They lead elsewhere, or are matched by an engine that can be kept busy for hours."""
_DEFINITIONS = re.compile(r"#/(?:\$defs|definitions)/([^/]+)")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_MODELS = frozenset(dir(Report))
"""Names that a field of a model cannot have."""


def _schema(value: JsonSchema) -> JsonSchema:
    _check_size(value)
    try:
        Draft202012Validator.check_schema(value)
    except SchemaError as error:
        raise ValueError(f"it is no JSON Schema: {error.message}") from error
    if value.get("type", "object") != "object" or value.keys() - _OF_AN_OBJECT:
        strange = sorted(value.keys() - _OF_AN_OBJECT)
        raise ValueError(f"it describes an object by its properties{f', without {strange[0]}' if strange else ''}")
    for name in value.get("properties", {}):
        if not _FIELD.fullmatch(name) or (name in _MODELS and name not in Report.model_fields):
            raise ValueError(f"'{name}' cannot be the name of a field: letters, digits and _, beginning with a letter")
    inlined: JsonSchema = _inlined(value, value, (), iter(range(_MOST)))
    return inlined


def _check_size(value: object) -> None:
    """Raises ValueError for a schema that is too deep or too large to be gone through, or says what nothing here checks."""
    ahead: list[tuple[object, int]] = [(value, 0)]
    for count, (part, depth) in enumerate(ahead):  # grows meanwhile: no recursion, however deep it is
        if count > _MOST or depth > _DEEP:
            raise ValueError(f"it has more than {_MOST} parts, or is deeper than {_DEEP}")
        if isinstance(part, dict):
            if strange := sorted(part.keys() & _NOT_TAKEN):
                raise ValueError(f"'{strange[0]}' is not taken: say it without")
            if isinstance(part.get("pattern"), str):
                _matcher(part["pattern"])
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        ahead += [(one, depth + 1) for one in inner]


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> TypeAdapter[str]:
    """Matches in time that grows with the text and no faster: by pydantic's engine, which knows no way back."""
    try:
        return TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])
    except PydanticSchemaError as error:
        raise ValueError(f"the pattern '{pattern[:100]}' cannot be used: no look-around and no back-references") from error


def _check_pattern(_validator: object, pattern: str, instance: object, _schema: object) -> Iterator[JsonSchemaError]:
    if isinstance(instance, str):
        try:
            _matcher(pattern).validate_python(instance)
        except ValidationError:
            yield JsonSchemaError(f"{instance[:100]!r} does not match {pattern!r}")


def _check_unique(_validator: object, wanted: object, instance: object, _schema: object) -> Iterator[JsonSchemaError]:
    if wanted and isinstance(instance, list):
        texts = [json.dumps(item, sort_keys=True) for item in instance]
        if len({*texts}) < len(texts):
            yield JsonSchemaError("an item is in it twice")


_Validator = extend(  # type: ignore[no-untyped-call]  # untyped in the library
    Draft202012Validator, {"pattern": _check_pattern, "uniqueItems": _check_unique}
)


_OF_AN_OBJECT = frozenset(("$schema", "$defs", "definitions", "title", "description", "type", "properties", "required")) | {
    "additionalProperties"
}
"""What the schema of params or of a report may say beside its properties, each of which may say anything."""


def _inlined(schema: Any, root: JsonSchema, above: tuple[str, ...], left: Iterator[int]) -> Any:
    """The schema with what it refers to in the place of each reference: models of ours know no others' definitions."""
    if next(left, None) is None or len(above) > _DEEP:
        raise ValueError(f"with what it refers to it has more than {_MOST} parts")
    if isinstance(schema, list):
        return [_inlined(item, root, above, left) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        found = _DEFINITIONS.fullmatch(str(schema["$ref"]))
        if found is None:
            raise ValueError(f"'{schema['$ref']}': references lead to the schema's own $defs and nowhere else")
        if found[1] in above:
            raise ValueError(f"'{found[1]}' holds itself, which nothing here can follow")
        target = {**root.get("definitions", {}), **root.get("$defs", {})}.get(found[1])
        if target is None:
            raise ValueError(f"there is no '{schema['$ref']}' in it")
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return {**_inlined(target, root, (*above, found[1]), left), **_inlined(rest, root, above, left)}
    return {key: _inlined(value, root, above, left) for key, value in schema.items() if key not in {"$defs", "definitions"}}


class Declared(Frozen):
    """An agent's manifest in JSON.

    `params` and `report` are JSON Schemas (2020-12) of objects; `report` says what is in a report beside the fields that
    all reports have. Other properties than those are refused, in params and in reports.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=63)]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$")]
    description: Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(clean)]
    risk: Risk = Risk.AUTO
    params: Annotated[JsonSchema, AfterValidator(_schema)] = Field(default_factory=dict)
    report: Annotated[JsonSchema, AfterValidator(_schema)] = Field(default_factory=dict)
    limits: Limits = Limits()
    network: tuple[Annotated[str, Field(max_length=253)], ...] = ()
    history: bool = False
    isolation: Isolation = Isolation.CONTAINER
    secrets: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")], ...] = ()


class PinnedAgent(Frozen):
    """A registered agent as a run begins with it: its manifest, and the digest of its image."""

    image: str
    manifest: Declared


def read_declared(text: str | bytes) -> Declared:
    """The manifest in that JSON. Raises InvalidInputError, which says what is wrong with it."""
    if len(text) > MAX_MANIFEST:
        raise InvalidInputError(f"the manifest has more than {MAX_MANIFEST // 1024} KiB")
    try:
        found = Declared.model_validate_json(text)
    except (ValidationError, RecursionError) as error:
        reason = readable(error)[:600] if isinstance(error, ValidationError) else "it is too deep"
        raise InvalidInputError(f"the manifest cannot be used: {reason}") from error
    if len(found.model_dump_json()) > MAX_MANIFEST:  # what is kept has everything in place of its references
        raise InvalidInputError(f"the manifest has more than {MAX_MANIFEST // 1024} KiB with what it refers to")
    return found


def manifest_of(declared: Declared, image: str) -> Manifest:
    """The same as the hub knows its own agents, run from that image."""
    return _manifest(declared.model_dump_json(), image)


@lru_cache(maxsize=256)
def _manifest(text: str, image: str) -> Manifest:
    # By its text: what is remembered of a model's shape counts for the next run, too.
    declared = Declared.model_validate_json(text)
    return Manifest(
        name=declared.name,
        version=declared.version,
        description=declared.description,
        params=_model(Params, declared.params),
        report=_model(Report, declared.report),
        risk=declared.risk,
        image=image,
        limits=declared.limits,
        network=declared.network,
        secrets=declared.secrets,
        history=declared.history,
        isolation=max(declared.isolation, Isolation.CONTAINER, key=list(Isolation).index),
    )


def _model(base: type[M], schema: JsonSchema) -> type[M]:
    required = frozenset(schema.get("required", ()))
    own = {name: part for name, part in schema.get("properties", {}).items() if name not in base.model_fields}
    fields: dict[str, Any] = {name: _field(part, needed=name in required) for name, part in own.items()}
    return create_model("Declared", __base__=base, **fields)


def _field(schema: Any, *, needed: bool) -> tuple[Any, Any]:
    said: Mapping[str, JsonValue] = schema if isinstance(schema, dict) else {}
    validator = _Validator(schema, registry=Registry())  # nothing is ever fetched

    def check(value: JsonValue) -> JsonValue:
        for error in validator.iter_errors(value):
            place = "/".join(str(step) for step in error.absolute_path)
            raise ValueError(f"{f'{place}: ' if place else ''}{error.message[:300]}")
        return value

    kind = Annotated[JsonValue, AfterValidator(check), WithJsonSchema(dict(said) or {})]
    description = said.get("description")
    about = description if isinstance(description, str) else None
    if needed:
        return kind, Field(description=about)
    return kind, Field(default=json.loads(json.dumps(said.get("default"))), description=about)
