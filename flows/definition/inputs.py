"""What nodes are given: whether their agent or workflow takes it (DY005) and whether it fits (DY011)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from agents.contract.manifest import Manifest
from flows.definition import templates, types
from flows.definition.draft import BUILT_IN_PARAMS, Draft
from flows.definition.places import Place
from flows.definition.problems import Problem, did_you_mean
from flows.definition.schema import Node, Param, Workflow
from flows.definition.types import Shape


def check(draft: Draft) -> Iterator[Problem]:
    """Every problem of what nodes are given."""
    for node, place in draft.nodes:
        if node.agent is not None and node.agent in draft.manifests:
            yield from _to_agent(draft, node, place, draft.manifests[node.agent])
        elif node.workflow is not None and node.workflow in draft.subs:
            yield from _to_workflow(draft, node, place, draft.subs[node.workflow].workflow)


def _to_agent(draft: Draft, node: Node, place: Place, manifest: Manifest) -> Iterator[Problem]:
    model = manifest.params
    required = [name for name, field in model.model_fields.items() if field.is_required()]
    yield from _names(draft, node, place, required, model.model_fields)
    wanted = types.shape_of(model).fields
    sound = node.inputs.keys() <= model.model_fields.keys() and not any(map(has_template, node.inputs.values()))
    for name in [name for name in node.inputs if name in model.model_fields]:
        value, at = node.inputs[name], (*place, "inputs", name)
        if has_template(value):
            yield from _templated(draft, node, at, value, wanted[name])
        elif reason := types.check_literal(model, name, value):
            sound = False
            yield draft.problem("DY011", f"'{name}' of '{manifest.name}': {reason}.", at)
    # What fits one by one may still not fit together; with templates only the run can tell.
    if sound and (reason := types.check_together(model, node.inputs)):
        yield draft.problem("DY011", f"the inputs of '{manifest.name}': {reason}.", (*place, "inputs"))


def _to_workflow(draft: Draft, node: Node, place: Place, workflow: Workflow) -> Iterator[Problem]:
    declared = {name: param for name, param in workflow.params.items() if name not in BUILT_IN_PARAMS}
    for name in sorted(BUILT_IN_PARAMS & node.inputs.keys()):
        message = f"'{name}' cannot be given to '{workflow.name}': it runs over the same checkout."
        yield draft.problem("DY018", message, (*place, "inputs", name), key=True)
    required = [name for name, param in declared.items() if param.default is None]
    yield from _names(draft, node, place, required, declared)
    for name in [name for name in node.inputs if name in declared]:
        value, at, param = node.inputs[name], (*place, "inputs", name), declared[name]
        if has_template(value):
            yield from _templated(draft, node, at, value, shape_of_param(param))
        elif reason := types.check_param(param, value):
            yield draft.problem("DY011", f"'{name}' of '{workflow.name}' {reason}.", at)


def _names(draft: Draft, node: Node, place: Place, required: list[str], known: Mapping[str, object]) -> Iterator[Problem]:
    called = node.agent or node.workflow
    for name in node.inputs:
        if name not in known and (node.agent is not None or name not in BUILT_IN_PARAMS):
            hint = did_you_mean(name, known)
            yield draft.problem("DY005", f"'{called}' has no param '{name}'.", (*place, "inputs", name), hint, key=True)
    for name in required:
        if name not in node.inputs:
            yield draft.problem("DY005", f"'{called}' needs the input '{name}'.", (*place, "inputs"))


def _templated(draft: Draft, node: Node, at: Place, value: JsonValue, wanted: Shape) -> Iterator[Problem]:
    scope = draft.scope(node, ("inputs",))
    given = draft.given(value, scope)
    if not given.fits(wanted):
        called = node.agent or node.workflow
        gives = "the template gives" if isinstance(value, str) else "this is"
        yield draft.problem("DY011", f"'{at[-1]}' of '{called}' takes {wanted}, {gives} {given}.", at)


def shape_of_param(param: Param) -> Shape:
    """What a workflow's param takes."""
    return Shape.of(param.type.value)


def has_template(value: JsonValue) -> bool:
    """Whether there is a template in a value, at any depth."""
    match value:
        case str():
            return templates.is_template(value)
        case dict():
            return any(has_template(item) for item in value.values())
        case list():
            return any(has_template(item) for item in value)
    return False
