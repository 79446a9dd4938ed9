"""Who asked for a run, and who wrote what it runs."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse

from flows.definition.loader import Definition, load
from flows.execution.origin import AUTHORED, DOOR, NOBODY, REQUESTER, Authored, digest_of_texts, origin
from flows.people import Via
from flows.store import Origin

INNER = "name: inner\nnodes: [{id: tell, agent: notifier, inputs: {message: %s}}]\n"
OUTER = "name: outer\nnodes: [{id: part, workflow: inner}]\n"


def workflow(message: str = "hello") -> Definition:
    """A workflow that runs another one, which says something."""
    return load(OUTER, library={"inner": INNER % message})


class Prefect(SyncPrefectClient):
    """As much of Prefect's client as knows one run of one deployment."""

    def __init__(self, schema: dict[str, Any], labels: dict[str, str]) -> None:
        self.run = FlowRun(id=uuid4(), flow_id=uuid4(), deployment_id=uuid4(), labels=dict(labels))
        self.schema = schema

    def read_flow_run(self, flow_run_id: UUID) -> FlowRun:
        assert flow_run_id == self.run.id
        return self.run

    def read_deployment(self, deployment_id: UUID | str) -> DeploymentResponse:
        return DeploymentResponse(
            id=UUID(str(deployment_id)), name="outer", flow_id=uuid4(), parameter_openapi_schema=self.schema
        )


def of(runs: Definition, *, deployed: Definition | None, own_text: bool = False, **labels: str) -> Origin:
    """The origin of a run of `runs` by what ann has deployed."""
    authored = {} if deployed is None else {AUTHORED: Authored(name="ann", text=digest_of_texts(deployed)).model_dump()}
    client = Prefect(authored, labels)
    return origin(client, client.run.id, runs, own_text=own_text)


def test_who_deployed_the_very_text_has_written_it() -> None:
    found = of(workflow(), deployed=workflow())
    assert (found.requester, found.author) == ("ann", "ann")


def test_who_deployed_another_text_has_not_and_still_asked_for_the_run() -> None:
    found = of(workflow("goodbye"), deployed=workflow())
    assert (found.requester, found.author) == ("ann", "")


def test_whoever_is_named_asked_for_it() -> None:
    found = of(workflow(), deployed=workflow(), **{REQUESTER: "bob", DOOR: "cli"})
    assert (found.requester, found.author, found.via) == ("bob", "ann", Via.CLI)


@pytest.mark.parametrize(("labels", "who"), [({REQUESTER: "bob"}, "bob"), ({}, NOBODY)])
def test_who_brings_a_text_along_has_written_it(labels: dict[str, str], who: str) -> None:
    found = of(workflow(), deployed=workflow(), own_text=True, **labels)
    assert (found.requester, found.author) == (who, who)


def test_what_prefect_has_deployed_names_nobody() -> None:
    found = of(workflow(), deployed=None)
    assert (found.requester, found.author) == (NOBODY, "")
