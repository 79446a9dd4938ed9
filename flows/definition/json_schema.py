"""The language as a JSON Schema, for editors: they complete keys and agents' params while somebody writes.

What only the whole file can tell (ids, references, types of templates) is `dockyard lint`'s to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from agents.contract.manifest import Manifest
from agents.contract.schema import Params
from flows.definition.schema import Workflow

JsonSchema: TypeAlias = dict[str, Any]
"""A JSON schema, whose shape the JSON Schema standard gives."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEMPLATE: JsonSchema = {"type": "string", "pattern": r"\{\{"}
_DEFINITIONS = "#/$defs/"


def workflow_schema(manifests: Mapping[str, Manifest]) -> JsonSchema:
    """The schema of a workflow file with these agents."""
    schema: JsonSchema = {"$schema": DIALECT, **Workflow.model_json_schema(by_alias=True, mode="validation")}
    definitions: JsonSchema = schema["$defs"]
    node = definitions["Node"]
    node["properties"]["agent"] = {
        "enum": sorted(manifests), "title": "Agent", "description": "The agent whose turn it is; or `workflow`."
    }  # fmt: skip
    node["oneOf"] = [{"required": [key], "properties": {key: {"type": "string"}}} for key in ("agent", "workflow")]
    node["allOf"] = [_inputs(manifest) for _, manifest in sorted(manifests.items())]
    for manifest in manifests.values():
        definitions |= _params(manifest.params)
    schedule = definitions["Schedule"]
    schedule["oneOf"] = [{"required": [key]} for key in ("cron", "interval")]
    return schema


def _inputs(manifest: Manifest) -> JsonSchema:
    """What the inputs of a node with this agent are."""
    needed = [name for name, field in manifest.params.model_fields.items() if field.is_required()]
    asked: JsonSchema = {"properties": {"inputs": {"$ref": _DEFINITIONS + _name(manifest.params)}}}
    if needed:
        asked["required"] = ["inputs"]
    return {"if": {"required": ["agent"], "properties": {"agent": {"const": manifest.name}}}, "then": asked}


def _name(model: type[Params]) -> str:
    return f"{model.__module__}.{model.__name__}"


def _params(model: type[Params]) -> JsonSchema:
    """Definitions for an agent's params: at any place of a value a template may stand instead."""
    whole = model.model_json_schema(mode="validation", ref_template=_DEFINITIONS + model.__module__ + ".{model}")
    parts: JsonSchema = whole.pop("$defs", {})
    named = {f"{model.__module__}.{name}": _open(part) for name, part in parts.items()}
    whole["properties"] = {name: _or_template(part) for name, part in whole.get("properties", {}).items()}
    return {**named, _name(model): whole}


def _or_template(schema: JsonSchema) -> JsonSchema:
    kept: JsonSchema = {key: schema[key] for key in ("title", "description", "default") if key in schema}
    bare = {key: value for key, value in schema.items() if key not in kept}
    if bare == {"type": "string"} or not bare:
        return schema
    return {**kept, "anyOf": [_open(bare), _TEMPLATE]}


def _open(schema: JsonSchema) -> JsonSchema:
    """`schema` with room for templates in whatever it holds."""
    opened = dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(opened.get(key), dict):
            opened[key] = _or_template(opened[key])
    if "properties" in opened:
        opened["properties"] = {name: _or_template(part) for name, part in opened["properties"].items()}
    for key in ("anyOf", "oneOf", "allOf"):
        if key in opened:
            opened[key] = [_open(part) for part in opened[key]]
    return opened
