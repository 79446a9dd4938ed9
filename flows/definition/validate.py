"""Everything that can be known before running is checked before running, all problems at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from agents.contract.manifest import Manifest, Risk
from agents.contract.schema import Frozen
from flows.definition import references, templates, types
from flows.definition.graph import Graph, texts
from flows.definition.places import Document, Place
from flows.definition.problems import DefinitionError, Problem, did_you_mean
from flows.definition.schema import Edge, Node, Param, Retries, Workflow

_REASONS = {
    "model_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "tuple_type": "must be a list",
    "string_type": "must be text",
    "too_short": "must have at least one item",
    "string_pattern_mismatch": "has lower-case letters, digits and dashes, 63 at most",
}
"""pydantic's errors in the words of a YAML file."""


def validate(document: Document, manifests: Mapping[str, Manifest]) -> tuple[Workflow, Graph]:
    """The workflow and its graph. Raises DefinitionError with every problem found."""
    workflow = _parse(document)
    problems = [*_params(document, workflow), *_names(document, workflow, manifests)]
    unreadable = [*_syntax(document, workflow)]
    if unreadable:  # who waits for whom stands in the templates
        raise DefinitionError([*problems, *unreadable])
    graph = Graph.of(workflow)
    if cycle := graph.cycle():
        index = [node.id for node in workflow.nodes].index(cycle[0])
        message = f"the nodes wait for each other in a circle: {' → '.join(cycle)}."
        problems.append(document.problem("DY006", message, ("nodes", index, "id")))
    for index, node in enumerate(workflow.nodes):
        problems += references.check(document, workflow, node, index, manifests)
    if problems:
        raise DefinitionError(problems)
    return workflow, graph


def _parse(document: Document) -> Workflow:
    try:
        return Workflow.model_validate(document.data)
    except ValidationError as error:
        raise DefinitionError(_schema_problems(document, error)) from error


def _schema_problems(document: Document, error: ValidationError) -> Iterator[Problem]:
    found = error.errors()
    for item in found:
        place: Place = item["loc"]
        name = _called(place)
        # pydantic counts the sound items alone: a list whose only item is wrong is not short as well.
        if item["type"] == "too_short" and any(other["loc"][: len(place)] == place for other in found if other is not item):
            continue
        if item["type"] == "extra_forbidden":
            known = [field.alias or key for key, field in _model_at(place[:-1]).model_fields.items()]
            yield document.problem(
                "DY002", f"{name} is not a key here.", place, did_you_mean(str(place[-1]), known), key=True
            )
        elif item["type"] == "missing":
            yield document.problem("DY002", f"{name} is missing.", place)
        else:
            reason = _REASONS.get(item["type"]) or item["msg"].removeprefix("Value error, ")
            yield document.problem("DY002", f"{name}: {reason[:1].lower()}{reason[1:]}.", place)


def _called(place: Place) -> str:
    match place:
        case (*_, str(key)):
            return f"'{key}'"
        case (*_, key, int(index)):
            return f"item {index + 1} of '{key}'"
        case _:
            return "the file"


def _model_at(place: Place) -> type[Frozen]:
    match place:
        case ("nodes", _, "retries"):
            return Retries
        case ("nodes", _):
            return Node
        case ("edges", _):
            return Edge
        case ("params", _):
            return Param
        case _:
            return Workflow


def _params(document: Document, workflow: Workflow) -> Iterator[Problem]:
    for name, param in workflow.params.items():
        for index, choice in enumerate(param.enum or ()):
            if reason := types.check_param(param.model_copy(update={"enum": None}), choice):
                yield document.problem("DY013", f"a choice of '{name}' {reason}.", ("params", name, "enum", index))
        if param.default is not None and (reason := types.check_param(param, param.default)):
            yield document.problem("DY013", f"the default of '{name}' {reason}.", ("params", name, "default"))


def _names(document: Document, workflow: Workflow, manifests: Mapping[str, Manifest]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, node in enumerate(workflow.nodes):
        if node.id in seen:
            yield document.problem("DY003", f"the id '{node.id}' stands twice.", ("nodes", index, "id"))
        seen.add(node.id)
        place: Place = ("nodes", index, "agent")
        manifest = manifests.get(node.agent)
        if manifest is None:
            hint = did_you_mean(node.agent, manifests)
            yield document.problem("DY004", f"there is no agent '{node.agent}'.", place, hint)
            continue
        if manifest.risk is Risk.APPROVAL_REQUIRED:
            message = f"'{node.agent}' needs an approval, and nobody could give one here."
            yield document.problem("DY012", message, place)
        known = manifest.params.model_fields
        for name in node.inputs:
            if name not in known:
                message = f"'{node.agent}' has no param '{name}'."
                hint = did_you_mean(name, known)
                yield document.problem("DY005", message, ("nodes", index, "inputs", name), hint, key=True)
        for name, field in known.items():
            if field.is_required() and name not in node.inputs:
                message = f"'{node.agent}' needs the input '{name}'."
                yield document.problem("DY005", message, ("nodes", index, "inputs"))
    for index, edge in enumerate(workflow.edges):
        for key, node_id in (("from", edge.from_), ("to", edge.to)):
            if node_id not in seen:
                message = f"there is no node '{node_id}'."
                yield document.problem("DY007", message, ("edges", index, key), did_you_mean(node_id, seen))


def _syntax(document: Document, workflow: Workflow) -> Iterator[Problem]:
    for index, node in enumerate(workflow.nodes):
        for place, text in texts(node):
            try:
                template = templates.parse(text)
            except templates.TemplateProblemError as error:
                message = str(error)
                stop = "" if message.endswith((".", "?")) else "."
                yield document.problem("DY008", message + stop, ("nodes", index, *place))
                continue
            if place == ("when",) and not template.whole:
                message = "'when' is one whole {{ expression }}."
                yield document.problem("DY008", message, ("nodes", index, "when"))
