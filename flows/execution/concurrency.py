"""At most so many runs of a workflow at once: what Prefect's deployments cannot count is taken here.

A deployment's own limit counts the runs of a workflow that is deployed. Runs per repository, runs of a workflow given
as text, and those that may wait for people where one too many is cancelled, take a slot of a global concurrency limit.
It is leased: when a run's process dies, its slot is free again after `LEASE_SECONDS`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from httpx import HTTPStatusError
from prefect import get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import ConcurrencyLeaseHolder
from prefect.concurrency._asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency

from flows.definition.loader import Definition
from flows.definition.schema import Concurrency, OnLimit, Per
from flows.errors import DockyardError, UnavailableError
from flows.execution.changes import gated
from flows.execution.tenancy import deployment_name
from flows.workspace import display, folder_of

LEASE_SECONDS = 60.0
_LOCKED = 423


class NoSlotError(DockyardError):
    """As many runs as may go on at once go on, and the workflow says that one more is not to wait."""


def counted_by_deployment(definition: Definition) -> Concurrency | None:
    """The limit that Prefect keeps for a deployment of this workflow; None where there is none, or slots are taken here."""
    limit = definition.workflow.concurrency
    if limit is None or limit.per is not Per.WORKFLOW:
        return None
    # Prefect would cancel a suspended run that finds no slot when it goes on, and with it what people approved.
    return None if limit.on_limit is OnLimit.CANCEL and gated(definition) else limit


@contextmanager
def slot(
    definition: Definition, repository: str, run_id: UUID, *, workspace: str, deployed: bool, waits: bool = False
) -> Iterator[None]:
    """Hold a slot for this run where the workflow limits its runs and the deployment does not count them.

    `waits`: it began before, and what people approved of it must not be lost for want of a slot.

    Raises NoSlotError, InvalidInputError for no repository, or UnavailableError when the server gives no slot.
    """
    workflow, limit = definition.workflow, definition.workflow.concurrency
    if limit is None or (deployed and counted_by_deployment(definition)):
        yield
        return
    name = limit_name(deployment_name(workflow.name, workspace), repository if limit.per is Per.REPOSITORY else None)
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(name, limit.max)
    get_run_logger().info("At most %s at once: taking a slot of the concurrency limit '%s'.", limit.max, name)
    holding = concurrency(
        name,
        strict=True,  # a limit that is gone would otherwise let everybody pass
        max_retries=0 if limit.on_limit is OnLimit.CANCEL and not waits else None,
        lease_duration=LEASE_SECONDS,
        holder=ConcurrencyLeaseHolder(type="flow_run", id=run_id),
        raise_on_lease_renewal_failure=False,  # a server that is away for a minute is no reason to lose an hour's work
    )
    try:
        holding.__enter__()
    except ConcurrencySlotAcquisitionError as error:
        cause = error.__cause__
        if isinstance(cause, HTTPStatusError) and cause.response.status_code == _LOCKED:
            where = f" over {display(repository)}" if limit.per is Per.REPOSITORY else ""
            message = f"{limit.max} of '{workflow.name}'{where} at once, and as many go on: this run is one too many"
            raise NoSlotError(message) from error
        raise UnavailableError(f"no slot of the concurrency limit '{name}': {error}") from error
    try:
        yield
    finally:
        holding.__exit__(None, None, None)


def limit_name(workflow: str, repository: str | None) -> str:
    """The limit's name in Prefect: it tells people the workflow and the repository, and tells repositories apart."""
    if repository is None:
        return f"dockyard-{workflow}"
    whole = str(folder_of(repository) or repository)
    last = re.sub(r"[^A-Za-z0-9.-]+", "-", whole.rstrip("/").rpartition("/")[2].removesuffix(".git"))[:40]
    return f"dockyard-{workflow}-{last}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"
