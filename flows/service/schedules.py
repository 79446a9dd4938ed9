"""A workflow's schedules in Prefect. Ours are known by their slug; those that people made are never touched."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import JsonValue

from flows.definition.draft import BUILT_IN_PARAMS
from flows.definition.schema import Schedule

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.objects import DeploymentSchedule

_PREFIX = "dockyard-"


def schedule(
    client: SyncPrefectClient, deployment: UUID, known: list[DeploymentSchedule], wanted: tuple[Schedule, ...]
) -> None:
    """Make the deployment's schedules those of the workflow.

    One that has not changed stays as it is, so that what people paused in Prefect stays paused.
    """
    ours = {one.slug: one.id for one in known if one.slug is not None and one.slug.startswith(_PREFIX)}
    slugs = {_slug(one): one for one in wanted}
    for slug, schedule_id in ours.items():
        if slug not in slugs:
            client.delete_deployment_schedule(deployment, schedule_id)
    missing = [_made(slug, one) for slug, one in slugs.items() if slug not in ours]
    if missing:
        client.create_deployment_schedules(deployment, missing)


def run_parameters(params: dict[str, JsonValue]) -> dict[str, Any]:
    """A workflow's params as parameters of the flow: `repository` and `ref` are its own, the rest is one of them."""
    own: dict[str, Any] = {name: value for name, value in params.items() if name in BUILT_IN_PARAMS}
    rest = {name: value for name, value in params.items() if name not in BUILT_IN_PARAMS}
    return own | ({"params": rest} if rest else {})


def _slug(wanted: Schedule) -> str:
    return _PREFIX + hashlib.sha256(wanted.model_dump_json().encode()).hexdigest()[:12]


def _made(slug: str, wanted: Schedule) -> DeploymentScheduleCreate:
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule

    clock: CronSchedule | IntervalSchedule
    if wanted.cron is not None:
        clock = CronSchedule(cron=wanted.cron, timezone=wanted.timezone)
    else:
        clock = IntervalSchedule(interval=timedelta(seconds=wanted.interval or 0), timezone=wanted.timezone)
    return DeploymentScheduleCreate(
        schedule=clock, active=wanted.active, parameters=run_parameters(wanted.params), slug=slug
    )
