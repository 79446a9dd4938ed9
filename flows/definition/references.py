"""What a node's templates read and its inputs take: whether it is there, will be there, and fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agents.contract.manifest import Manifest
from flows.definition import templates, types
from flows.definition.graph import texts
from flows.definition.places import Document, Place
from flows.definition.problems import Problem, did_you_mean
from flows.definition.schema import Node, ParamType, RunIf, Workflow

RUN_FIELDS = frozenset({"id", "name", "workflow", "repository", "ref", "commit"})
BUILT_IN_PARAMS = frozenset({"repository", "ref"})
NODE_FIELDS = frozenset({"output", "status", "error"})


def check(
    document: Document, workflow: Workflow, node: Node, index: int, manifests: Mapping[str, Manifest]
) -> Iterator[Problem]:
    """Every problem of what one node reads and takes."""
    yield from _read(document, workflow, node, index, manifests)
    if node.agent in manifests:
        yield from _taken(document, workflow, node, index, manifests)


def _read(
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
    if source.agent not in manifests:
        return
    root = types.schema_of(manifests[source.agent].report)
    path = reference.path[2:]
    for depth in range(len(path)):
        if types.find(root, path[: depth + 1]) is None:
            parent = types.find(root, path[:depth]) or {}
            written = ".".join(str(part) for part in reference.path[: depth + 3])
            message = f"the report of '{source.agent}' has no field '{path[depth]}' (in '{written}')."
            known = types.fields(parent, root)
            hint = did_you_mean(str(path[depth]), known) if known else None
            yield document.problem("DY009", message, place, hint)
            return
    if node.run_if is not RunIf.SUCCESS and not reference.optional:
        written = ".".join(str(part) for part in reference.path)
        message = f"'{written}' is missing when '{source.id}' failed or was skipped, and this node runs even then."
        yield document.problem("DY010", message, place, f"Write {{{{ {written} | default('…') }}}}.")


def _taken(
    document: Document, workflow: Workflow, node: Node, index: int, manifests: Mapping[str, Manifest]
) -> Iterator[Problem]:
    model = manifests[node.agent].params
    target_root = types.schema_of(model)
    templated = {place[1] for place, _ in texts(node) if place[0] == "inputs"}
    sound = node.inputs.keys() <= model.model_fields.keys() and not templated
    for name in [name for name in node.inputs if name in model.model_fields]:
        value, place = node.inputs[name], ("nodes", index, "inputs", name)
        if name not in templated:
            if reason := types.check_literal(model, name, value):
                sound = False
                yield document.problem("DY011", f"'{name}' of '{node.agent}': {reason}.", place)
        elif isinstance(value, str):
            given = _kinds(templates.parse(value), workflow, manifests)
            wanted = types.kinds(types.find(target_root, [name]) or {}, target_root)
            if not types.fits(given, wanted):
                takes, gives = _either(wanted), _either(given)
                message = f"'{name}' of '{node.agent}' takes {takes}, the template gives {gives}."
                yield document.problem("DY011", message, place)
    # What fits one by one may still not fit together; with templates only the run can tell.
    if sound and (reason := types.check_together(model, node.inputs)):
        yield document.problem("DY011", f"the inputs of '{node.agent}': {reason}.", ("nodes", index, "inputs"))


def _kinds(template: templates.Template, workflow: Workflow, manifests: Mapping[str, Manifest]) -> frozenset[str]:
    """The types a template can give; empty where that is not known, or the reference is a problem of its own."""
    if not template.whole:
        return frozenset({"string"})
    kinds: frozenset[str] = frozenset()
    match template.references[0].path if template.plain else ():
        case ("params", str(name)):
            kinds = frozenset({(workflow.params[name].type if name in workflow.params else ParamType.STRING).value})
        case ("run", _) | (_, "status"):
            kinds = frozenset({"string"})
        case (_, "error"):
            kinds = frozenset({"string", "null"})
        case (str(root), "output", *rest):
            agents = {node.id: node.agent for node in workflow.nodes}
            if manifest := manifests.get(agents.get(root, "")):
                schema = types.schema_of(manifest.report)
                kinds = types.kinds(types.find(schema, rest) or {}, schema)
    return kinds


def _unknown(
    document: Document, place: Place, message: str, rest: list[str | int], known: frozenset[str] | set[str]
) -> Problem:
    if not rest:
        return document.problem("DY009", "a template names a field, not all of them.", place, did_you_mean("", known))
    name = str(rest[0])
    return document.problem("DY009", f"{message} '{name}'.", place, did_you_mean(name, known))


def _either(names: frozenset[str]) -> str:
    return " or ".join(sorted(names)) or "anything"
