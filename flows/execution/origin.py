"""Where a run comes from, as Prefect knows it: who asked for it, and who wrote its workflow."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import ValidationError

from agents.contract.schema import Frozen
from flows.definition.definition import Definition
from flows.execution.tenancy import workspace_of
from flows.people import Via
from flows.store import Origin

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

REQUESTER = "dockyard.requester"
"""The label of a flow run that names who started it; the door that started it writes it."""
DOOR = "dockyard.via"
"""The label of a flow run that names that door."""
TRIGGER = "dockyard.trigger"
"""The label of a flow run that names what made the door start it, where that was no person."""
AUTHORED = "x-dockyard-author"
"""A key beside a deployment's parameter schema: who deployed the workflow's present text."""
MAX_TRIGGER = 256
NOBODY = "nobody-known"
"""Who asked for a run of which that is not known. Where who asked may not approve, such a run opens no gate."""


class Authored(Frozen):
    """Who deployed a text, and its `digest_of_texts`."""

    name: str
    text: str


def digest_of_texts(definition: Definition) -> str:
    """sha256 over the workflow's text and those of the workflows that it runs, as hexadecimal digits."""
    texts = [definition.text, *(text for _, text in sorted(definition.texts().items()))]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def origin(client: SyncPrefectClient, run_id: UUID, definition: Definition, *, own_text: bool) -> Origin:
    """The run's origin; `own_text`: it brought its workflow along, so whoever asked for it has written it.

    Who deployed a workflow has written it only where the run's `definition` is that very text: a worker reads the file
    that it has, which somebody may have changed since. Then nobody is known to have written it.

    A schedule, a bot and a bare `prefect deployment run` have no name of their own: behind them stands who made the
    deployment that they start.
    """
    run = client.read_flow_run(run_id)
    named, deployed, author = str(run.labels.get(REQUESTER, "")), "", ""
    if run.deployment_id is not None:
        schema = client.read_deployment(run.deployment_id).parameter_openapi_schema or {}
        try:
            authored = Authored.model_validate(schema.get(AUTHORED))
        except ValidationError:  # deployed by `prefect deploy`, which says nothing of people
            authored = None
        if authored is not None:
            deployed = authored.name
            author = deployed if authored.text == digest_of_texts(definition) else ""
    # Who brings a text along without a name is not who made the deployment that takes it.
    requester = named or ("" if own_text else deployed) or NOBODY
    door = str(run.labels.get(DOOR, ""))
    via = Via(door) if named and door in [*Via] else Via.SCHEDULE if run.auto_scheduled else Via.PREFECT
    return Origin(
        run=str(run_id),
        at=datetime.now(UTC),
        requester=requester,
        author=requester if own_text else author,
        via=via,
        trigger=_trigger(run, named),
        workspace=workspace_of(run.tags),
    )


def _trigger(run: FlowRun, named: str) -> str:
    if named:
        return str(run.labels.get(TRIGGER, ""))[:MAX_TRIGGER]
    return "" if run.deployment_id is None else str(run.deployment_id)
