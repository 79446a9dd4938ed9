"""One node of a workflow alone, without Prefect: what it would read comes from a fixture."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from pydantic import JsonValue

from agents.contract.manifest import Manifest, Risk
from agents.contract.schema import Frozen, Result, RunInfo
from flows.definition.definition import Definition
from flows.definition.loader import read_params
from flows.definition.problems import did_you_mean
from flows.definition.schema import Node
from flows.definition.templates import TemplateProblemError
from flows.errors import InvalidInputError
from flows.execution.engine import check_image, runtime_for
from flows.execution.inputs import Inputs, Scope, holds, items_of
from flows.execution.outcome import Outcome, skipped, unneeded
from flows.execution.repository import read_repository
from flows.execution.step import limited
from flows.runtime import Job, Runtime
from flows.service import fixtures, sketches
from flows.service.fixtures import Fixture
from flows.service.workflows import named
from flows.settings import RuntimeName, Settings
from flows.workspace import Checkout

EMPTY = "{}"
"""The fixture of a node that reads nothing."""

Log = Callable[[int, str], None]


class NodeRequest(Frozen):
    """A node of the workflow of that name, or in that file, and where it runs. `fixture` is JSON text."""

    workflow: str
    node: str
    repository: str
    ref: str = "HEAD"
    typed: dict[str, str] = {}  # noqa: RUF012 — pydantic copies defaults
    fixture: str = EMPTY
    runtime: RuntimeName = RuntimeName.AUTO


@dataclass(frozen=True)
class NodeResult:
    """`results` has one for an ordinary node, one per item for a fan-out, none for a node that would not start.

    `skipped` is the reason of the latter.
    """

    results: tuple[Result, ...] = ()
    fan_out: bool = False
    skipped: str | None = None


def sketch_node(workflow: str, node_id: str, settings: Settings) -> dict[str, JsonValue]:
    """A fixture to begin with for that node. Raises InvalidInputError."""
    definition = named(workflow, settings)
    return sketches.sketch(definition, _node(definition, node_id), definition.manifests)


def run_node(request: NodeRequest, settings: Settings, *, log: Log) -> NodeResult:
    """Run one node, each item of a fan-out in turn. Retries are not made, and of a `repeat` one turn.

    Raises InvalidInputError, UnavailableError, or NodeFailedError when no result came.
    """
    definition = named(request.workflow, settings)
    node = _node(definition, request.node)
    manifest = _manifest(definition, node)
    typed = read_params(definition.workflow, request.typed)
    fixture = fixtures.read(request.fixture, definition, node, definition.manifests, typed)
    check_image(request.runtime, settings)
    checkout = read_repository(request.repository, request.ref, settings)
    run_id = str(uuid4())
    scope = _scope(definition, fixture, checkout, run_id)
    try:
        if outcome := _not_started(definition, node, fixture, scope):
            return NodeResult(skipped=outcome.error)
        items = list(fixture.item) if fixture.item else items_of(node, scope)
        inputs = Inputs(node, scope)
        turns = [inputs.of(scope)] if items is None else [inputs.of({**scope, "item": item}) for item in items]
    except TemplateProblemError as error:
        raise InvalidInputError(str(error)) from error
    if checkout.notice:
        log(logging.WARNING, checkout.notice)
    info = RunInfo(
        run=run_id,
        node=node.id,
        workflow=definition.workflow.name,
        repository=checkout.repository,
        commit=checkout.commit,
    )
    job = Job(
        manifest=limited(manifest, node.limits),
        params={},
        run=info,
        timeout=node.timeout or manifest.limits.timeout_seconds,
        log=log,
        changes=checkout.changes() if manifest.history else {},
    )
    with runtime_for(request.runtime, run_id, settings) as opened:
        results = _run(opened, checkout, job, turns, log)
    for result in results:
        _tell_until(node, scope, result, log)
    return NodeResult(results=results, fan_out=node.for_each is not None and not fixture.item)


def _node(definition: Definition, node_id: str) -> Node:
    workflow = definition.workflow
    try:
        node = workflow.node(node_id)
    except KeyError:
        hint = did_you_mean(node_id, [node.id for node in workflow.all_nodes])
        raise InvalidInputError(f"'{workflow.name}' has no node '{node_id}'. {hint}") from None
    if node.workflow is not None:
        message = f"'{node_id}' runs the workflow '{node.workflow}': run one of its nodes, `dockyard node {node.workflow} …`"
        raise InvalidInputError(message)
    return node


def _manifest(definition: Definition, node: Node) -> Manifest:
    manifest = definition.manifest(node)
    if node.approval is not None or manifest.risk is Risk.APPROVAL_REQUIRED:
        raise InvalidInputError(f"'{node.id}' asks for approval, and gates cannot be opened yet")
    return manifest


def _scope(definition: Definition, fixture: Fixture, checkout: Checkout, run_id: str) -> Scope:
    run: Mapping[str, JsonValue] = {
        "id": run_id,
        "name": "node-alone",
        "workflow": definition.workflow.name,
        "repository": checkout.repository,
        "ref": checkout.ref,
        "commit": checkout.commit,
    }
    params = {**fixture.params, "repository": checkout.repository, "ref": checkout.ref}
    return {"params": params, "run": dict(run), **{name: one.view() for name, one in fixture.outcomes.items()}}


def _not_started(definition: Definition, node: Node, fixture: Fixture, scope: Scope) -> Outcome | None:
    """How the node would end without a start, after what the fixture says of those before it."""
    workflow, before = definition.workflow, definition.graph.dependencies[node.id]
    handled = [other.id for other in workflow.all_nodes if other.handler == node.id]
    if handled:
        outcome = None
        if not any(fixture.outcomes[other].status.failed for other in handled):
            outcome = skipped("nothing that it handles failed")
    elif node in workflow.finally_:
        outcome = None
    else:
        outcome = unneeded(node, ((workflow.node(other), fixture.outcomes[other]) for other in sorted(before)))
    if outcome is None and node.when is not None and not holds(node.when, scope):
        outcome = skipped("its condition `when` is false")
    return outcome


def _run(runtime: Runtime, checkout: Checkout, job: Job, turns: list[dict[str, JsonValue]], log: Log) -> tuple[Result, ...]:
    if runtime.notice:
        log(logging.WARNING, runtime.notice)
    with tempfile.TemporaryDirectory() as scratch:
        tar = Path(scratch) / "workspace.tar"
        checkout.write_tar(tar)
        runtime.stage(tar)
        found: list[Result] = []
        for params in turns:
            found.append(runtime.run(replace(job, params=params)).result)
            if found[-1].failure is not None:
                break
        return tuple(found)


def _tell_until(node: Node, scope: Scope, result: Result, log: Log) -> None:
    if node.repeat is None or result.report is None:
        return
    turn: JsonValue = {"status": "completed", "error": None, "output": result.report}
    try:
        over = holds(node.repeat.until, {**scope, node.id: turn})
    except TemplateProblemError as error:
        log(logging.WARNING, f"`until` cannot be decided after this turn: {error}")
        return
    log(logging.INFO, f"`until` is {'true: it would end' if over else 'false: there would be another turn'}.")
