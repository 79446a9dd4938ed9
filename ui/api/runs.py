"""Runs: start one, look at it, cancel it, try it again; its log."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Self
from uuid import UUID

from fastapi import FastAPI, Header, Query, Response
from pydantic import AwareDatetime, Field, JsonValue, model_validator

from agents.contract.schema import Frozen
from flows.service import LogLine, RunHandle, RunState, StartRequest
from flows.settings import RuntimeName
from ui.api.access import RunsReader, RunsWriter
from ui.api.given import Ref, Repository, WorkflowName
from ui.api.hub import Hub
from ui.api.paging import Page, Wanted
from ui.api.problems import problems

TAGS: list[str | Enum] = ["runs"]
MAX_TEXT = 256 * 1024
"""Characters of a workflow's text, which may have as many bytes at most."""

_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""Between them a time can be moved to another zone."""


class Start(Frozen):
    """What to run: a workflow by its name, or one by its whole text."""

    workflow: WorkflowName | None = None
    text: Annotated[str | None, Field(max_length=MAX_TEXT, description="A workflow in YAML, in the place of a name.")] = None
    repository: Repository
    ref: Ref = "HEAD"
    params: Annotated[dict[str, JsonValue], Field(description="The workflow's own params.")] = Field(default_factory=dict)
    runtime: RuntimeName | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.workflow is None) == (self.text is None):
            raise ValueError("give either `workflow` or `text`")
        return self

    def request(self) -> StartRequest:
        """The same, as the hub takes it."""
        return StartRequest(
            workflow=self.workflow or "",
            text=self.text,
            repository=self.repository,
            ref=self.ref,
            params=self.params,
            runtime=self.runtime,
        )


class NodeState(Frozen):
    """A node that has begun, and how it stands."""

    node: str
    state: RunState


class RunView(Frozen):
    """A run and its nodes that have begun."""

    run: RunHandle
    nodes: tuple[NodeState, ...]


Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="The same key starts a run once, however often it is sent; keys of others are none of yours.",
    ),
]


def serve(app: FastAPI, hub: Hub) -> None:
    """Add the operations on runs."""

    @app.post("/runs", tags=TAGS, status_code=201, responses=problems(409))
    def start_run(asks: RunsWriter, start: Start, response: Response, key: Key = None) -> RunHandle:
        """Check all that can be checked, and hand the run to a worker."""
        if start.workflow is not None:
            hub.workflows(asks).check_startable(start.workflow)
        run = hub.runs(asks).start(start.request(), idempotency_key=key)
        response.headers["Location"] = f"/api/runs/{run.id}"
        return run

    @app.get("/runs", tags=TAGS)
    def list_runs(
        asks: RunsReader,
        part: Wanted,
        state: Annotated[RunState | None, Query(description="In that state alone.")] = None,
        workflow: Annotated[WorkflowName | None, Query(description="Of the deployed workflow of that name.")] = None,
    ) -> Page[RunHandle]:
        """The newest first."""
        found = hub.runs(asks).list(part.with_one_more, offset=part.offset, state=state, deployed=workflow)
        return part.page(found)

    @app.get("/runs/{run}", tags=TAGS)
    def get_run(asks: RunsReader, run: UUID) -> RunView:
        """A run and the states of its nodes. The gates at which it waits are in `/approvals?run=…`."""
        found = hub.runs(asks).progress(run)
        nodes = tuple(NodeState(node=name, state=state) for name, state in found.nodes.items())
        return RunView(run=found.run, nodes=nodes)

    @app.post("/runs/{run}/cancel", tags=TAGS, status_code=202, responses=problems(409))
    def cancel_run(asks: RunsWriter, run: UUID) -> RunHandle:
        """Ask for the run's end: its worker ends what it has started."""
        runs = hub.runs(asks)
        runs.cancel(run)
        return runs.get(run)

    @app.post("/runs/{run}/retry", tags=TAGS, status_code=202, responses=problems(409))
    def retry_run(asks: RunsWriter, run: UUID) -> RunHandle:
        """Start a run that did not succeed again: nodes that succeeded keep their results, the others are tried anew."""
        return hub.runs(asks).retry(run)

    @app.get("/runs/{run}/logs", tags=TAGS)
    def get_logs(
        asks: RunsReader,
        run: UUID,
        part: Wanted,
        after: Annotated[
            AwareDatetime | None, Query(ge=_FIRST, lt=_LAST, description="Lines later than that alone; needs a time zone.")
        ] = None,
    ) -> Page[LogLine]:
        """The run's log, oldest first. `level` is as in Python's logging: 20 information, 30 warning, 40 error."""
        runs = hub.runs(asks)
        runs.get(run)
        return part.page(runs.logs(run, after=after, offset=part.offset, limit=part.with_one_more))
