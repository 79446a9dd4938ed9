"""What a workflow file says, as data. `deployments/workflow.schema.json` is generated from these models."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, model_validator

from agents.contract.schema import Frozen

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
"""Names of workflows; what doesn't fit cannot be one, so it is a workflow's text."""
RESERVED = frozenset(
    {"params", "run", "item", "event", "self", "true", "false", "none", "True", "False", "None",
     "and", "or", "not", "if", "else", "elif", "is", "in", "fail", "continue"}
)  # fmt: skip
"""Names that mean something else in a template or in `on_error`."""
MAX_FAN_OUT = 1000
"""Items of one `for_each`: each is a task in Prefect and a container."""
MAX_TURNS = 1000
"""Turns of one `repeat`."""

MAX_DURATION = 366 * 86400.0
"""In seconds; a machine's clock cannot add just any number to a date."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(MiB|GiB|M|G)")
_MIB = {"MiB": 1, "M": 1, "GiB": 1024, "G": 1024}


def seconds(value: object) -> object:
    """A duration in seconds from a number, or from text such as `90s`, `10m`, `24h`."""
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        if match is None:
            raise ValueError("a duration is a number of seconds or text like 90s, 10m, 24h, 7d")
        return float(match[1]) * _UNITS[match[2] or "s"]
    return value


def _mebibytes(value: object) -> object:
    if isinstance(value, str):
        match = _SIZE.fullmatch(value.strip())
        if match is None:
            raise ValueError("a size is a number of MiB or text like 512MiB, 4GiB")
        return round(float(match[1]) * _MIB[match[2]])
    return value


def _identifier(value: str) -> str:
    if not IDENTIFIER.fullmatch(value):
        raise ValueError("an id has letters, digits and underscores and starts with a letter")
    if value in RESERVED:
        raise ValueError(f"'{value}' has a meaning of its own in templates; choose another id")
    return value


def _as_items(value: object) -> object:
    return {"items": value} if isinstance(value, str | list) else value


def _as_list(value: object) -> object:
    return (value,) if isinstance(value, dict) else value


def _in_bounds(value: float) -> float:
    if not 0 < value <= MAX_DURATION:
        raise ValueError("a duration is more than 0 and at most 366d")
    return value


def _some(value: int) -> int:
    if value <= 0:
        raise ValueError("a size is more than 0")
    return value


_DurationText = Annotated[str, Field(pattern=rf"^\s*{_DURATION.pattern}\s*$")]
_SizeText = Annotated[str, Field(pattern=rf"^\s*{_SIZE.pattern}\s*$")]
_Seconds = Annotated[float, Field(gt=0, le=MAX_DURATION)]
_Mebibytes = Annotated[int, Field(gt=0)]

Duration = Annotated[
    float, BeforeValidator(seconds, json_schema_input_type=_Seconds | _DurationText), AfterValidator(_in_bounds)
]
Size = Annotated[int, BeforeValidator(_mebibytes, json_schema_input_type=_Mebibytes | _SizeText), AfterValidator(_some)]
Identifier = Annotated[
    str,
    AfterValidator(_identifier),
    Field(json_schema_extra={"pattern": f"^{IDENTIFIER.pattern}$", "not": {"enum": [*sorted(RESERVED)]}}),
]


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

    type: Annotated[ParamType, Field(description="The JSON type.")] = ParamType.STRING
    default: Annotated[JsonValue, Field(description="The value where none is given.")] = None
    description: Annotated[str, Field(description="What it means, for whoever starts a run.")] = ""
    enum: Annotated[tuple[JsonValue, ...] | None, Field(description="The only values accepted.")] = None


class RunIf(StrEnum):
    """When a node whose dependencies have all ended may start."""

    SUCCESS = "success"
    FAILURE = "failure"
    ALWAYS = "always"


class Backoff(StrEnum):
    """How the wait before a retry grows from one to the next."""

    CONSTANT = "constant"
    LINEAR = "linear"
    EXPONENTIAL = "exponential"


class Retries(Frozen):
    """Starting a failed node again: `max` times at most, `delay` before the first, then by `backoff`.

    `jitter` is the largest share of a wait that chance adds to it.
    """

    max: Annotated[int, Field(ge=0, le=20, description="Further attempts, at most.")] = 0
    delay: Annotated[Duration, Field(description="The wait before the first further attempt.")] = 5.0
    backoff: Annotated[Backoff, Field(description="How the wait grows.")] = Backoff.EXPONENTIAL
    jitter: Annotated[float, Field(ge=0, le=1, description="The largest share of a wait that chance adds.")] = 0.3

    def waits(self) -> tuple[float, ...]:
        """Seconds before each retry, without jitter."""
        return tuple(self.delay * self._growth(attempt) for attempt in range(self.max))

    def _growth(self, attempt: int) -> int:
        match self.backoff:
            case Backoff.CONSTANT:
                return 1
            case Backoff.LINEAR:
                return attempt + 1
            case Backoff.EXPONENTIAL:
                return 1 << attempt


class ForEach(Frozen):
    """One turn of the node per item, `concurrency` at once; the node's output is the list of their reports.

    Written as `{items: …, concurrency: 4}`, or as the items alone. `items` is a list or one whole template.
    """

    items: Annotated[str | tuple[JsonValue, ...], Field(description="A list, or one whole template that gives one.")]
    concurrency: Annotated[int, Field(ge=1, le=MAX_FAN_OUT, description="How many turns run at once.")] = 8


class Repeat(Frozen):
    """The node again and again until `until`, read after each turn, is true; at most `max` turns, `delay` between."""

    until: Annotated[str, Field(description="One whole {{ expression }} over the node's own output.")]
    max: Annotated[int, Field(ge=1, le=MAX_TURNS, description="Turns, at most.")]
    delay: Annotated[Duration | None, Field(description="The wait between two turns.")] = None


class Approval(Frozen):
    """Who may say yes before the node's effect happens: `user:<name>` and `group:<name>`, `quorum` of them."""

    approvers: Annotated[
        tuple[Annotated[str, Field(pattern=r"^(user|group):[A-Za-z0-9._@-]{1,64}$")], ...],
        Field(description="`user:<name>` and `group:<name>`."),
    ] = ()
    quorum: Annotated[int, Field(ge=1, le=20, description="How many of them must say yes.")] = 1
    expires: Annotated[Duration, Field(description="How long they have; after that the answer is no.")] = 86400.0


class NodeLimits(Frozen):
    """What the node's container may use, in place of what the agent's manifest says. `memory` in MiB or as `2GiB`."""

    memory: Annotated[Size | None, Field(description="MiB, or text such as 2GiB.")] = None
    cpus: Annotated[Annotated[float, Field(gt=0, le=64)] | None, Field(description="Processors.")] = None
    pids: Annotated[Annotated[int, Field(ge=16, le=32768)] | None, Field(description="Processes and threads.")] = None


class Node(Frozen):
    """One agent's turn, or another workflow's.

    `on_error` is `fail`, `continue`, or the id of the node that handles the failure.
    """

    id: Annotated[Identifier, Field(description="Its name in templates and edges.")]
    agent: Annotated[str | None, Field(description="The agent whose turn it is; or `workflow`.")] = None
    workflow: Annotated[str | None, Field(description="The workflow that it runs, by name; or `agent`.")] = None
    inputs: Annotated[
        dict[str, JsonValue], Field(description="Params of the agent or workflow. Values may be templates.")
    ] = Field(default_factory=dict)
    when: Annotated[str | None, Field(description="One whole {{ expression }}; false: it is skipped.")] = None
    for_each: Annotated[
        Annotated[ForEach, BeforeValidator(_as_items, json_schema_input_type=ForEach | tuple[JsonValue, ...] | str)] | None,
        Field(description="One turn per item of a list, read as {{ item }}."),
    ] = None
    repeat: Annotated[Repeat | None, Field(description="Turns until a condition holds.")] = None
    run_if: Annotated[RunIf, Field(description="How what it waits for must have ended.")] = RunIf.SUCCESS
    on_error: Annotated[str, Field(description="`fail`, `continue`, or the id of the node that handles it.")] = "fail"
    retries: Annotated[Retries, Field(description="Further attempts after a failure.")] = Retries()
    timeout: Annotated[Duration | None, Field(description="Wall clock of one attempt.")] = None
    approval: Annotated[Approval | None, Field(description="Who may say yes to its effect.")] = None
    limits: Annotated[NodeLimits | None, Field(description="What its container may use.")] = None
    secrets: Annotated[tuple[str, ...], Field(description="Secrets it is given, of those that its agent declares.")] = ()

    @model_validator(mode="after")
    def _one_of_both(self) -> Node:
        if (self.agent is None) == (self.workflow is None):
            raise ValueError("a node has either 'agent' or 'workflow'")
        return self

    @property
    def handler(self) -> str | None:
        """The node that handles this one's failure, if one does."""
        return None if self.on_error in ("fail", "continue") else self.on_error


class Edge(Frozen):
    """`to` starts after `from` ended. Edges implied by templates need not be written."""

    from_: Annotated[str, Field(alias="from", description="The id of the node before.")]
    to: Annotated[str, Field(description="The id of the node after.")]


class Per(StrEnum):
    """What a limit of concurrent runs counts."""

    WORKFLOW = "workflow"
    REPOSITORY = "repository"


class OnLimit(StrEnum):
    """What happens to a run that would be one too many."""

    WAIT = "wait"
    CANCEL = "cancel"


class Concurrency(Frozen):
    """At most `max` runs of this workflow at once, over all or for each repository."""

    max: Annotated[int, Field(ge=1, le=1000, description="Runs at once.")]
    per: Annotated[Per, Field(description="What is counted: all runs, or those of one repository.")] = Per.WORKFLOW
    on_limit: Annotated[OnLimit, Field(description="What becomes of a run that is one too many.")] = OnLimit.WAIT


class Schedule(Frozen):
    """A run by the clock: `cron` (five fields) or `interval`, in `timezone` (an IANA name).

    `params` go before the workflow's defaults; `repository` and `ref` may be among them.
    """

    cron: Annotated[str | None, Field(description="Minute, hour, day of the month, month, day of the week.")] = None
    interval: Annotated[Duration | None, Field(description="From one run to the next.")] = None
    timezone: Annotated[str, Field(description="An IANA name such as Europe/Berlin.")] = "UTC"
    params: Annotated[dict[str, JsonValue], Field(description="Plain values; `repository` is needed.")] = Field(
        default_factory=dict
    )
    active: Annotated[bool, Field(description="Whether it starts runs from the beginning.")] = True

    @model_validator(mode="after")
    def _one_of_both(self) -> Schedule:
        if (self.cron is None) == (self.interval is None):
            raise ValueError("a schedule has either 'cron' or 'interval'")
        return self


class EventType(StrEnum):
    """Kinds of events that a door of Dockyard takes in."""

    GENERIC = "generic"
    GITHUB_PUSH = "github.push"
    GITHUB_PULL_REQUEST = "github.pull_request"
    ALERTMANAGER = "alertmanager"
    GRAFANA = "grafana"


class Trigger(Frozen):
    """A run by an event: `event` of that type for which `filter` is true; `params` are templates over `event`."""

    event: Annotated[EventType, Field(description="The kind of event.")]
    filter: Annotated[str | None, Field(description="One whole {{ expression }} over `event`.")] = None
    params: Annotated[dict[str, JsonValue], Field(description="Values, or templates over `event`.")] = Field(
        default_factory=dict
    )


class Workflow(Frozen):
    """A whole workflow file. `finally` holds nodes that run when all others have ended, however they did."""

    name: Annotated[str, Field(pattern=f"^{NAME.pattern}$", description="Lower-case letters, digits and dashes.")]
    description: Annotated[str, Field(description="Shown wherever the workflow is listed.")] = ""
    params: Annotated[dict[str, Param], Field(description="Its own parameters, by name.")] = Field(default_factory=dict)
    nodes: Annotated[tuple[Node, ...], Field(min_length=1, description="What it does.")]
    edges: Annotated[tuple[Edge, ...], Field(description="What waits for what, beside what templates say.")] = ()
    finally_: Annotated[tuple[Node, ...], Field(alias="finally", description="What runs at the end, in any case.")] = ()
    timeout: Annotated[Duration | None, Field(description="Wall clock of the whole run.")] = None
    concurrency: Annotated[Concurrency | None, Field(description="How many runs of it there may be at once.")] = None
    schedule: Annotated[
        tuple[Schedule, ...],
        BeforeValidator(_as_list, json_schema_input_type=Schedule | tuple[Schedule, ...]),
        Field(description="Runs by the clock: one schedule, or several."),
    ] = ()
    on: Annotated[tuple[Trigger, ...], Field(description="Runs by events.")] = ()

    @property
    def all_nodes(self) -> tuple[Node, ...]:
        """`nodes`, then `finally`."""
        return (*self.nodes, *self.finally_)

    @cached_property
    def _by_id(self) -> dict[str, Node]:
        return {node.id: node for node in reversed(self.all_nodes)}

    def node(self, node_id: str) -> Node:
        """The node of that id, one of `finally` included. Raises KeyError."""
        return self._by_id[node_id]
