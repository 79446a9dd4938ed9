"""What a workflow file says, as data."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue

from agents.contract.schema import Frozen

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
"""Names of workflows; what doesn't fit cannot be one, so it is a workflow's text."""
RESERVED = frozenset(
    {"params", "run", "item", "self", "true", "false", "none", "True", "False", "None",
     "and", "or", "not", "if", "else", "elif", "is", "in"}
)  # fmt: skip
"""Names a template already uses for something else."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(value: object) -> object:
    """A duration in seconds from a number, or from text such as `90s`, `10m`, `24h`."""
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        if match is None:
            raise ValueError("a duration is a number of seconds or text like 90s, 10m, 24h, 7d")
        return float(match[1]) * _UNITS[match[2] or "s"]
    return value


def _identifier(value: str) -> str:
    if not IDENTIFIER.fullmatch(value):
        raise ValueError("an id has letters, digits and underscores and starts with a letter")
    if value in RESERVED:
        raise ValueError(f"'{value}' has a meaning of its own in templates; choose another id")
    return value


Duration = Annotated[float, BeforeValidator(seconds), Field(gt=0)]
Identifier = Annotated[str, AfterValidator(_identifier)]


class ParamType(StrEnum):
    """JSON types a workflow parameter can have."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"


class Param(Frozen):
    """A parameter of the workflow. Without `default` it must be given."""

    type: ParamType = ParamType.STRING
    default: JsonValue = None
    description: str = ""
    enum: tuple[JsonValue, ...] | None = None


class RunIf(StrEnum):
    """When a node whose dependencies have all ended may start."""

    SUCCESS = "success"
    FAILURE = "failure"
    ALWAYS = "always"


class Retries(Frozen):
    """Starting a failed node again: `max` times at most, `delay` before the first, doubled each time."""

    max: Annotated[int, Field(ge=0, le=20)] = 0
    delay: Duration = 5.0


class Node(Frozen):
    """One agent's turn."""

    id: Identifier
    agent: str
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    when: str | None = None
    run_if: RunIf = RunIf.SUCCESS
    retries: Retries = Retries()
    timeout: Duration | None = None


class Edge(Frozen):
    """`to` starts after `from` ended. Edges implied by templates need not be written."""

    from_: Annotated[str, Field(alias="from")]
    to: str


class Workflow(Frozen):
    """A whole workflow file."""

    name: Annotated[str, Field(pattern=f"^{NAME.pattern}$")]
    description: str = ""
    params: dict[str, Param] = Field(default_factory=dict)
    nodes: Annotated[tuple[Node, ...], Field(min_length=1)]
    edges: tuple[Edge, ...] = ()

    def node(self, node_id: str) -> Node:
        """The node of that id. Raises KeyError."""
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise KeyError(node_id)
