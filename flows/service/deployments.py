"""Workflow files as Prefect deployments of the one flow."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flows.definition.loader import Definition
from flows.service.workflows import shipped
from flows.settings import ROOT, Settings

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

FLOW_NAME = "dockyard"
ENTRYPOINT = "flows.run_workflow.run_workflow"
"""A module entrypoint, all dots: a file entrypoint would load every class a second time."""


def deploy_all(settings: Settings) -> tuple[str, ...]:
    """Make or update a deployment for every shipped workflow; returns `dockyard/<workflow>` names."""
    from prefect.client.orchestration import get_client

    definitions = shipped(settings)
    with get_client(sync_client=True) as client:
        ensure_pool(client, settings)
        for definition in definitions:
            deploy(client, definition, settings)
    return tuple(f"{FLOW_NAME}/{definition.workflow.name}" for definition in definitions)


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


def deploy(client: SyncPrefectClient, definition: Definition, settings: Settings, *, by_text: bool = False) -> UUID:
    """Make or update the workflow's deployment and return its id.

    The deployment names the workflow; with `by_text` it carries the whole text, for files that a
    worker cannot be expected to have.
    """
    from prefect.flows import load_flow_from_entrypoint
    from prefect.utilities.callables import parameter_schema

    workflow = definition.workflow
    created: UUID = client.create_deployment(
        flow_id=client.create_flow_from_name(FLOW_NAME),
        name=workflow.name,
        entrypoint=ENTRYPOINT,
        path=str(ROOT),
        pull_steps=[],
        parameters={"workflow": definition.text if by_text else workflow.name},
        description=workflow.description,
        tags=["dockyard"],
        work_pool_name=settings.work_pool,
        parameter_openapi_schema=parameter_schema(load_flow_from_entrypoint(ENTRYPOINT)).model_dump_for_openapi(),
        enforce_parameter_schema=True,
    )
    return created
