"""What a deployment's runs take, as JSON schema: Prefect's page makes a form of it, its server refuses the rest."""

from __future__ import annotations

from typing import Any, TypeAlias

from flows.definition.draft import BUILT_IN_PARAMS
from flows.definition.schema import Param, Workflow

ParameterSchema: TypeAlias = dict[str, Any]
"""A JSON schema, whose shape the JSON Schema standard gives."""


def of_workflow(flow: ParameterSchema, workflow: Workflow) -> ParameterSchema:
    """The flow's schema with the workflow's params in place of a mapping of anything."""
    own = {name: param for name, param in workflow.params.items() if name not in BUILT_IN_PARAMS}
    required = [name for name, param in own.items() if param.default is None]
    properties = dict(flow["properties"])
    for name in BUILT_IN_PARAMS & workflow.params.keys():
        if said := workflow.params[name].description:
            properties[name] = {**properties[name], "description": said}
    params: ParameterSchema = {
        "title": "params",
        "description": properties["params"].get("description", ""),
        "position": properties["params"].get("position", 0),
        "type": "object",
        "properties": {name: _schema(name, param, position) for position, (name, param) in enumerate(own.items())},
        "additionalProperties": False,
    }
    if required:
        params["required"] = required
    properties["params"] = params
    known = [name for name in flow.get("required", ()) if name != "params"]
    return {**flow, "properties": properties, "required": [*known, "params"] if required else known}


def _schema(name: str, param: Param, position: int) -> ParameterSchema:
    schema: ParameterSchema = {"title": name, "type": param.type.value, "position": position}
    if param.description:
        schema["description"] = param.description
    if param.enum is not None:
        schema["enum"] = list(param.enum)
    if param.default is not None:
        schema["default"] = param.default
    return schema
