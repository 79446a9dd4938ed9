"""Everything that can be known before running is checked before running, all problems at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from agents.contract.manifest import Manifest, Risk
from flows.definition import templates, types
from flows.definition.graph import Graph, texts
from flows.definition.places import Document, Place
from flows.definition.problems import DefinitionError, Problem, did_you_mean
from flows.definition.schema import Node, ParamType, RunIf, Workflow

RUN_FIELDS = frozenset({"id", "name", "workflow", "repository", "ref", "commit"})
BUILT_IN_PARAMS = frozenset({"repository", "ref"})
NODE_FIELDS = frozenset({"output", "status", "error"})


def validate(document: Document, manifests: Mapping[str, Manifest]) -> tuple[Workflow, Graph]:
    """The workflow and its graph. Raises DefinitionError with every problem found."""
    workflow = _parse(document)
    problems = [*_names(document, workflow, manifests)]
    problems += _syntax(document, workflow)
    if problems:
        raise DefinitionError(problems)
    graph = Graph.of(workflow)
    if cycle := graph.cycle():
        index = [node.id for node in workflow.nodes].index(cycle[0])
        message = f"the nodes wait for each other in a circle: {' → '.join(cycle)}."
        raise DefinitionError([document.problem("DY006", message, ("nodes", index, "id"))])
    for index, node in enumerate(workflow.nodes):
        problems += _references(document, workflow, node, index, manifests)
        problems += _inputs(document, workflow, node, index, manifests)
    if problems:
        raise DefinitionError(problems)
    return workflow, graph


def _parse(document: Document) -> Workflow:
    try:
        return Workflow.model_validate(document.data)
    except ValidationError as error:
        raise DefinitionError(_schema_problems(document, error)) from error


def _schema_problems(document: Document, error: ValidationError) -> Iterator[Problem]:
    for item in error.errors():
        place: Place = item["loc"]
        name = str(place[-1]) if place else "the file"
        if item["type"] == "extra_forbidden":
            model = Node if len(place) > 2 and place[0] == "nodes" else Workflow
            known = [field.alias or key for key, field in model.model_fields.items()]
            message = f"'{name}' is not a key here."
            yield document.problem("DY002", message, place, did_you_mean(name, known), key=True)
        elif item["type"] == "missing":
            yield document.problem("DY002", f"'{name}' is missing.", place)
        else:
            reason = item["msg"].removeprefix("Value error, ")
            yield document.problem("DY002", f"'{name}': {reason[:1].lower()}{reason[1:]}.", place)


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
                yield document.problem("DY008", f"{error}.", ("nodes", index, *place))
                continue
            if place == ("when",) and not template.whole:
                message = "'when' is one whole {{ expression }}."
                yield document.problem("DY008", message, ("nodes", index, "when"))


def _references(
    document: Document, workflow: Workflow, node: Node, index: int, manifests: Mapping[str, Manifest]
) -> Iterator[Problem]:
    ids = {other.id for other in workflow.nodes}
    for inner, text in texts(node):
        place: Place = ("nodes", index, *inner)
        for reference in templates.parse(text).references:
            root, *rest = reference.path
            if root == "params":
                known = BUILT_IN_PARAMS | workflow.params.keys()
                if not rest or rest[0] not in known:
                    yield _unknown(document, place, "the workflow has no param", rest, known)
            elif root == "run":
                if not rest or rest[0] not in RUN_FIELDS:
                    yield _unknown(document, place, "a run has no field", rest, RUN_FIELDS)
            elif root not in ids:
                yield _unknown(document, place, "there is no node", [root], ids | {"params", "run"})
            elif not rest or rest[0] not in NODE_FIELDS:
                yield _unknown(document, place, f"'{root}' has no field", rest, NODE_FIELDS)
            elif rest[0] == "output":
                yield from _output(document, workflow, node, manifests, place=place, reference=reference)


def _output(
    document: Document,
    workflow: Workflow,
    node: Node,
    manifests: Mapping[str, Manifest],
    *,
    place: Place,
    reference: templates.Reference,
) -> Iterator[Problem]:
    source = workflow.node(str(reference.path[0]))
    root = types.schema_of(manifests[source.agent].report)
    path = reference.path[2:]
    for depth in range(len(path)):
        if types.find(root, path[: depth + 1]) is None:
            parent = types.find(root, path[:depth]) or {}
            written = ".".join(str(part) for part in reference.path[: depth + 3])
            message = f"the report of '{source.agent}' has no field '{path[depth]}' (in '{written}')."
            hint = did_you_mean(str(path[depth]), types.fields(parent, root))
            yield document.problem("DY009", message, place, hint)
            return
    if node.run_if is not RunIf.SUCCESS and not reference.optional:
        written = ".".join(str(part) for part in reference.path)
        message = f"'{written}' is missing when '{source.id}' failed or was skipped, and this node runs even then."
        yield document.problem("DY010", message, place, f"Write {{{{ {written} | default('…') }}}}.")


def _inputs(
    document: Document, workflow: Workflow, node: Node, index: int, manifests: Mapping[str, Manifest]
) -> Iterator[Problem]:
    model = manifests[node.agent].params
    target_root = types.schema_of(model)
    templated = {place[1] for place, _ in texts(node) if place[0] == "inputs"}
    for name, value in node.inputs.items():
        place: Place = ("nodes", index, "inputs", name)
        if name not in templated:
            if reason := types.check_literal(model, name, value):
                yield document.problem("DY011", f"'{name}' of '{node.agent}': {reason}.", place)
        elif isinstance(value, str):
            template = templates.parse(value)
            given = _kinds(template, workflow, manifests)
            wanted = types.kinds(types.find(target_root, [name]) or {}, target_root)
            if not types.fits(given, wanted):
                takes, gives = _either(wanted), _either(given)
                message = f"'{name}' of '{node.agent}' takes {takes}, the template gives {gives}."
                yield document.problem("DY011", message, place)


def _kinds(template: templates.Template, workflow: Workflow, manifests: Mapping[str, Manifest]) -> frozenset[str]:
    if not template.whole:
        return frozenset({"string"})
    if not template.plain:
        return frozenset()
    root, *rest = template.references[0].path
    if root == "params":
        name = str(rest[0])
        kind = workflow.params[name].type if name in workflow.params else ParamType.STRING
        return frozenset({kind.value}) if len(rest) == 1 else frozenset()
    if root == "run" or rest[0] != "output":
        return frozenset({"string"})
    schema = types.schema_of(manifests[workflow.node(str(root)).agent].report)
    return types.kinds(types.find(schema, rest[1:]) or {}, schema)


def _unknown(
    document: Document, place: Place, message: str, rest: list[str | int], known: frozenset[str] | set[str]
) -> Problem:
    name = str(rest[0]) if rest else ""
    return document.problem("DY009", f"{message} '{name}'.", place, did_you_mean(name, known))


def _either(names: frozenset[str]) -> str:
    return " or ".join(sorted(names)) or "anything"
