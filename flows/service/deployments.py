"""Workflows as Prefect deployments of the one flow: `dockyard/<name>`, and one for files given by path.

Workspaces beside the default one have their own, `dockyard/<name>@<workspace>`: how many runs go on at once is counted by
deployment, and its tag, which every run of it gets, says whose the run is.

A deployment that exists belongs to whoever configured it: its work pool, tags, parameters, job variables and
the schedules that people made stay. What the code owns is brought up to date: entrypoint, parameter schema,
description, and what the workflow says: its schedules and how many runs go on at once.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import JsonValue

from flows.definition.loader import Definition
from flows.definition.schema import Concurrency, OnLimit
from flows.errors import InvalidInputError
from flows.execution.agents import Agents
from flows.execution.library import all_kept, loaded
from flows.execution.tenancy import deployment_name, workspace_tag
from flows.people import DEFAULT_WORKSPACE
from flows.service.lost_runs import ensure_lost_runs_are_told
from flows.service.parameters import of_workflow
from flows.service.schedules import schedule
from flows.service.server import answering
from flows.service.workflows import shipped
from flows.settings import Settings, local_person

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

FLOW_NAME = "dockyard"
ENTRYPOINT = "flows.run_workflow.run_workflow"
"""A module entrypoint, all dots: a file entrypoint would load every class a second time."""
STAY: list[dict[str, JsonValue]] = [{"prefect.deployments.steps.set_working_directory": {"directory": "."}}]
"""Dockyard is installed where runs execute. Without a pull step, workers of Prefect's own types copy a folder first."""

FROM_FILE = "from_file"
"""The deployment of workflows that come as text. No workflow can have this name: names have no underscore."""

_LIMITED = "x-dockyard-concurrency"
"""A key beside the parameter schema: the limit that a workflow file set, to tell it from one that people set."""

_FROM_FILE_DESCRIPTION = "A workflow given as text, as `dockyard run FILE` does; `workflow` is that text."


def deploy_all(settings: Settings, *, move: bool = False, workspace: str | None = None) -> tuple[str, ...]:
    """Make or update a deployment for every workflow, shipped or kept; returns `dockyard/<deployment>` names.

    Those of one workspace, with `workspace`; else the shipped ones for the default workspace, and all kept ones for theirs.
    A kept one that cannot run as this version reads it is left as it is deployed.

    With `move` those that exist go to the work pool of the settings, too.
    """
    for_files = DEFAULT_WORKSPACE if workspace is None else workspace
    names = []
    from prefect.client.orchestration import get_client

    definitions = shipped(settings, for_files)
    with answering(), get_client(sync_client=True) as client:
        ensure_pool(client, settings)
        ensure_lost_runs_are_told(client, settings, FLOW_NAME)
        for definition in definitions:
            deploy(client, definition, settings, move=move, workspace=for_files)
            names.append(deployment_name(definition.workflow.name, for_files))
        for kept in all_kept(settings, workspace):
            with suppress(InvalidInputError):
                definition = loaded(kept.text or "", Agents(settings, kept.workspace), settings)
                deploy(client, definition, settings, move=move, author=kept.author, workspace=kept.workspace)
                names.append(deployment_name(kept.name, kept.workspace))
    return tuple(f"{FLOW_NAME}/{name}" for name in names)


def ensure_pool(client: SyncPrefectClient, settings: Settings) -> None:
    """Make the work pool when there is none; one that exists is left as it is, whatever its type."""
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
    from prefect.plugins import load_prefect_collections
    from prefect.utilities.dispatch import lookup_type
    from prefect.workers.base import BaseWorker

    try:
        client.read_work_pool(settings.work_pool)
    except ObjectNotFound:
        load_prefect_collections()  # our worker type is one of them
        worker = lookup_type(BaseWorker, settings.work_pool_type)
        pool = WorkPoolCreate(
            name=settings.work_pool,
            type=settings.work_pool_type,
            base_job_template=worker.get_default_base_job_template(),
        )
        try:
            client.create_work_pool(pool)
        except ObjectAlreadyExists:  # another process was faster
            return


def deploy(
    client: SyncPrefectClient,
    definition: Definition,
    settings: Settings,
    *,
    move: bool = False,
    author: str | None = None,
    workspace: str = DEFAULT_WORKSPACE,
) -> UUID:
    """Make or update the deployment of a workflow for a workspace, which names the workflow; returns its id.

    `author` has written a workflow that is kept in the hub; a file's is whoever deploys that text first. The schedules of a
    file are the default workspace's alone: others would run it as often again.
    """
    from flows.execution.concurrency import counted_by_deployment
    from flows.execution.origin import AUTHORED, Authored, digest_of_texts

    workflow = definition.workflow
    schema = of_workflow(_schema(), workflow)
    limit = counted_by_deployment(definition)
    if limit is not None:
        schema[_LIMITED] = limit.model_dump(mode="json")
    schema[AUTHORED] = Authored(name=author or local_person(), text=digest_of_texts(definition)).model_dump()
    made = _deploy(
        client,
        workflow.name,
        settings,
        workspace,
        description=workflow.description,
        schema=schema,
        parameters={"workflow": workflow.name},
        move=move,
        author_is_known=author is not None,
    )
    own = author is not None or workspace == DEFAULT_WORKSPACE
    schedule(client, made.id, made.schedules, workflow.schedule if own else ())
    return made.id


def withdraw(client: SyncPrefectClient, name: str, workspace: str) -> None:
    """Let the deployment of a workflow that was deleted start nothing by itself.

    It stays, for it is what runs that wait for people are started again by.
    """
    from prefect.exceptions import ObjectNotFound

    try:
        found = client.read_deployment_by_name(f"{FLOW_NAME}/{deployment_name(name, workspace)}")
    except ObjectNotFound:
        return
    for one in found.schedules:
        client.delete_deployment_schedule(found.id, one.id)


def deploy_from_file(client: SyncPrefectClient, settings: Settings, workspace: str = DEFAULT_WORKSPACE) -> UUID:
    """Make or update a workspace's deployment whose runs bring the whole text along; returns its id."""
    schema = _schema()
    # There is no workflow to fall back on here.
    schema["properties"]["workflow"].pop("default", None)
    schema["required"] = [*schema["required"], "workflow"]
    made = _deploy(client, FROM_FILE, settings, workspace, description=_FROM_FILE_DESCRIPTION, schema=schema, parameters={})
    return made.id


def _deploy(
    client: SyncPrefectClient,
    workflow: str,
    settings: Settings,
    workspace: str,
    *,
    description: str,
    schema: dict[str, Any],
    parameters: dict[str, Any],
    move: bool = False,
    author_is_known: bool = False,
) -> DeploymentResponse:
    from prefect.exceptions import ObjectNotFound

    from flows.execution.origin import AUTHORED

    name, tag = deployment_name(workflow, workspace), workspace_tag(workspace)
    owned: dict[str, Any] = {"entrypoint": ENTRYPOINT, "description": description, "parameter_openapi_schema": schema}
    try:
        found = client.read_deployment_by_name(f"{FLOW_NAME}/{name}")
    except ObjectNotFound:
        created = client.create_deployment(
            flow_id=client.create_flow_from_name(FLOW_NAME),
            name=name,
            pull_steps=STAY,
            parameters=parameters,
            tags=["dockyard", tag],
            work_pool_name=settings.work_pool,
            enforce_parameter_schema=True,
            **owned,
            **_limits(schema, {}),
        )
        return client.read_deployment(created)
    before = found.parameter_openapi_schema or {}
    owned |= _limits(schema, before)
    if not author_is_known and AUTHORED in before and before[AUTHORED]["text"] == schema.get(AUTHORED, {}).get("text"):
        schema[AUTHORED] = before[AUTHORED]  # who deploys the same text again has not written it
    if tag not in found.tags:
        owned["tags"] = [*found.tags, tag]
    if move or found.work_pool_name is None:  # its pool was deleted: nobody would ever take a run
        owned["work_pool_name"] = settings.work_pool
    _update(client, found, owned)
    return found


def _limits(schema: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """How many runs go on at once, where the workflow says it, or said it `before` and does so no more."""
    from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions

    if _LIMITED not in schema:
        return {"concurrency_limit": None} if _LIMITED in before else {}
    limit = Concurrency.model_validate(schema[_LIMITED])
    strategies = {OnLimit.WAIT: ConcurrencyLimitStrategy.ENQUEUE, OnLimit.CANCEL: ConcurrencyLimitStrategy.CANCEL_NEW}
    options = ConcurrencyOptions(collision_strategy=strategies[limit.on_limit])
    return {"concurrency_limit": limit.max, "concurrency_options": options}


def _update(client: SyncPrefectClient, found: DeploymentResponse, owned: dict[str, Any]) -> None:
    """Send what differs, and nothing else: making a deployment anew would remove its schedules."""
    from prefect.client.schemas.actions import DeploymentUpdate

    known = {field: getattr(found, field, None) for field in owned}
    if found.global_concurrency_limit is not None:
        known["concurrency_limit"] = found.global_concurrency_limit.limit
    changed = {field: value for field, value in owned.items() if known[field] != value}
    if changed:
        client.update_deployment(found.id, DeploymentUpdate(**changed))


def _schema() -> dict[str, Any]:
    from prefect.flows import load_flow_from_entrypoint
    from prefect.utilities.callables import parameter_schema

    return parameter_schema(load_flow_from_entrypoint(ENTRYPOINT)).model_dump_for_openapi()
