"""What a node alone is given in place of the nodes before it: read and checked against the report schemas.

A fixture is a JSON object: an entry `{"status": …, "output": …, "error": …}` per node, `params`, and `item` for one turn
of a fan-out. A report need not be whole: what its schema has a default for can be left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue, ValidationError

from agents.contract.manifest import Manifest
from agents.contract.runner import readable
from agents.contract.schema import Frozen, Report
from flows.definition import templates
from flows.definition.definition import Definition
from flows.definition.graph import texts
from flows.definition.loader import bind
from flows.definition.problems import did_you_mean
from flows.definition.schema import Node, Workflow
from flows.definition.status import NodeStatus
from flows.errors import InvalidInputError
from flows.execution.merge import merged
from flows.execution.outcome import Outcome


class _Entry(Frozen):
    status: NodeStatus = NodeStatus.COMPLETED
    output: JsonValue = None
    error: str | None = None


@dataclass(frozen=True)
class Fixture:
    """`outcomes` by node id, those that the node waits for; `item` is a list of one where it was given, else empty."""

    params: Mapping[str, JsonValue] = field(default_factory=dict)
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    item: tuple[JsonValue, ...] = ()


def read(
    text: str,
    definition: Definition,
    node: Node,
    manifests: Mapping[str, Manifest],
    params: Mapping[str, JsonValue] | None = None,
) -> Fixture:
    """The fixture for `node`. `params` go before those in it. Raises InvalidInputError with everything that is wrong."""
    return _Reader(definition, node, manifests).fixture(_object(text), params or {})


def reads(node: Node) -> set[tuple[str | int, ...]]:
    """The paths that a node's templates read."""
    return {reference.path for _, text in texts(node) for reference in templates.parse(text).references}


def known_params(workflow: Workflow, node: Node, given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Values of the workflow's params; one that `node` does not read need not be given. Raises InvalidInputError."""
    wanted = {path[1] for path in reads(node) if path[0] == "params" and len(path) > 1}
    left_out = {name for name, param in workflow.params.items() if param.default is None and name not in given}
    needed = {name: one for name, one in workflow.params.items() if name not in left_out - wanted}
    return bind(
        workflow.model_copy(update={"params": needed if given.keys() <= workflow.params.keys() else workflow.params}), given
    )


def _object(text: str) -> dict[str, JsonValue]:
    try:
        data: JsonValue = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"the fixture is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise InvalidInputError('the fixture is a JSON object such as {"scan": {"output": {}}, "params": {}}')
    return data


def _no_number(text: str) -> JsonValue:
    raise ValueError(f"{text} is not JSON")  # Python would read it; nobody after it could


@dataclass(frozen=True)
class _Reader:
    definition: Definition
    node: Node
    manifests: Mapping[str, Manifest]

    def fixture(self, data: Mapping[str, JsonValue], params: Mapping[str, JsonValue]) -> Fixture:
        problems: list[str] = []
        workflow, before = self.definition.workflow, self.definition.graph.dependencies[self.node.id]
        ids = {node.id for node in workflow.all_nodes if node.id != self.node.id}
        known = ids | {"params", "item"}
        problems += [
            f"there is no node '{name}' before it. {did_you_mean(name, known)}" for name in data if name not in known
        ]
        outcomes = {}
        for name in sorted(before | (ids & data.keys())):
            found = self._outcome(workflow.node(name), data.get(name))
            if isinstance(found, Outcome):
                outcomes[name] = found
            else:
                problems += [f"{name}: {reason}" for reason in found]
        bound: dict[str, JsonValue] = {}
        given = data.get("params", {})
        if isinstance(given, dict):
            try:
                bound = known_params(workflow, self.node, {**given, **params})
            except InvalidInputError as error:
                problems.append(f"params: {error}")
        else:
            problems.append("params: must be an object")
        if "item" in data and self.node.for_each is None:
            problems.append(f"item: '{self.node.id}' has no `for_each`")
        if problems:
            raise InvalidInputError("the fixture does not fit:\n" + "\n".join(f"  {problem}" for problem in problems))
        return Fixture(bound, outcomes, (data["item"],) if "item" in data else ())

    def _outcome(self, source: Node, data: JsonValue) -> Outcome | list[str]:
        read = any(path[0] == source.id for path in reads(self.node))
        if data is None:
            hint = f"'{self.node.id}' reads it, and the fixture has none; `--print-fixture` writes one"
            return [hint] if read else Outcome(NodeStatus.COMPLETED)
        try:
            entry = _Entry.model_validate_json(json.dumps(data))
        except ValidationError as error:
            return [readable(error)]
        if entry.status is not NodeStatus.COMPLETED and not _partial(source, entry.status):
            if entry.output is not None:
                return [f"a node that ended as {entry.status.value} has no output"]
            return Outcome(entry.status, error=entry.error or "the fixture says so")
        problems = list[str]()
        output = self._output(source, entry.output, problems)
        return problems or Outcome(entry.status, output=output, error=entry.error)

    def _output(self, source: Node, given: JsonValue, problems: list[str]) -> JsonValue:
        if source.for_each is None:
            return self._report(source, {} if given is None else given, "output", problems)
        if not isinstance(given, list):
            problems.append("output: must be a list, a report per item")
            return None
        return [self._report(source, one, f"output[{index}]", problems) for index, one in enumerate(given)]

    def _report(self, source: Node, given: JsonValue, place: str, problems: list[str]) -> JsonValue:
        if source.workflow is not None:
            return self._part(self.definition.subs[source.workflow], given, place, problems)
        return _validated(self.manifests[source.agent or ""].report, given, place, problems)

    def _part(self, sub: Definition, given: JsonValue, place: str, problems: list[str]) -> JsonValue:
        """A sub-workflow's report; what it counts and joins follows from its nodes where it is not given."""
        if not isinstance(given, dict) or not isinstance(nodes := given.get("nodes", {}), dict):
            problems.append(f"{place}: must be an object with reports under 'nodes'")
            return None
        ids = {node.id for node in sub.workflow.all_nodes}
        problems += [
            f"{place}.nodes: there is no node '{name}'. {did_you_mean(name, ids)}" for name in nodes if name not in ids
        ]
        inner = _Reader(sub, self.node, self.manifests)
        reports: dict[str, JsonValue] = {}
        for name in sorted(ids & nodes.keys()):
            found: list[str] = []
            reports[name] = inner._output(sub.workflow.node(name), nodes[name], found)
            problems += [f"{place}.nodes.{name}: {reason}" for reason in found]
        rest = {name: value for name, value in given.items() if name != "nodes"}
        common: Any = _validated(Report, rest, place, problems)
        return {**merged(reports), **({name: common[name] for name in rest} if isinstance(common, dict) else {})}


def _partial(source: Node, status: NodeStatus) -> bool:
    """Whether a node that ended so has an output all the same: the reports of the items that completed."""
    return status is NodeStatus.FAILED and source.for_each is not None and source.on_error == "continue"


def _validated(model: type[Report], given: JsonValue, place: str, problems: list[str]) -> JsonValue:
    try:
        report: dict[str, JsonValue] = model.model_validate_json(json.dumps(given)).model_dump(mode="json")
    except ValidationError as error:
        problems += [f"{'.'.join([place, *map(str, one['loc'])])}: {one['msg']}" for one in error.errors()]
        return None
    return report
