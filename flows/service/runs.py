"""Runs: start, watch, cancel, list, report. All through Prefect's API, so any door sees the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import Field, JsonValue

from agents.contract.schema import Frozen
from flows.definition.loader import bind, name_of
from flows.errors import InvalidInputError, UnavailableError
from flows.reports.schema import RunReport
from flows.service.deployments import FLOW_NAME, deploy, ensure_pool
from flows.service.workflows import named
from flows.settings import RuntimeName, Settings
from flows.workspace.checkout import display

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

POLL_SECONDS = 0.5


class RunState(StrEnum):
    """A run's state in the words of the command line."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen."""
        return self in (RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED)


_STATES = {
    "SCHEDULED": RunState.PENDING,
    "PENDING": RunState.PENDING,
    "RUNNING": RunState.RUNNING,
    "PAUSED": RunState.WAITING,
    "COMPLETED": RunState.COMPLETED,
    "FAILED": RunState.FAILED,
    "CRASHED": RunState.FAILED,
    "CANCELLING": RunState.RUNNING,
    "CANCELLED": RunState.CANCELLED,
}


class StartRequest(Frozen):
    """What a person asks for. `workflow` is a name or a file; `repository` a path or git URL."""

    workflow: str
    repository: str
    ref: str = "HEAD"
    params: dict[str, JsonValue] = Field(default_factory=dict)
    runtime: RuntimeName | None = None


class RunHandle(Frozen):
    """A run in Prefect. `message` is the state's own sentence."""

    id: UUID
    name: str
    workflow: str
    repository: str
    state: RunState
    message: str = ""
    created: datetime | None = None
    seconds: float = 0.0


class Progress(Frozen):
    """A moment of a run: itself and the states of its nodes that have begun."""

    run: RunHandle
    nodes: dict[str, RunState]


class Runs:
    """Runs of the Prefect server that the environment or profile names."""

    def __init__(self, settings: Settings) -> None:
        from prefect.client.orchestration import get_client

        self._settings = settings
        self._client = get_client(sync_client=True)

    def start(self, request: StartRequest) -> RunHandle:
        """Check everything that can be checked, then hand the run to a worker. Raises InvalidInputError."""
        definition = named(request.workflow, self._settings)
        bind(definition.workflow, request.params)
        repository = request.repository
        if Path(repository).expanduser().is_dir():
            repository = str(Path(repository).expanduser().resolve())
        elif "://" not in repository and ":" not in repository:
            raise InvalidInputError(f"there is no repository at '{repository}'; give a folder or a git URL")
        by_text = Path(request.workflow).suffix in (".yaml", ".yml")
        ensure_pool(self._client, self._settings)
        deployment = deploy(self._client, definition, self._settings, by_text=by_text)
        run = self._client.create_flow_run_from_deployment(
            deployment,
            parameters={
                "workflow": definition.text if by_text else definition.workflow.name,
                "repository": repository,
                "ref": request.ref,
                "params": request.params,
                "runtime": request.runtime,
            },
        )
        return _handle(run)

    def watch(self, run_id: UUID) -> Iterator[Progress]:
        """The run as it goes on, until it ends or waits for people."""
        while True:
            progress = self._progress(run_id)
            yield progress
            if progress.run.state.final or progress.run.state is RunState.WAITING:
                return
            time.sleep(POLL_SECONDS)

    def get(self, run_id: UUID) -> RunHandle:
        """One run. Raises InvalidInputError when there is none of that id."""
        from prefect.exceptions import ObjectNotFound

        try:
            return _handle(self._client.read_flow_run(run_id))
        except ObjectNotFound as error:
            raise InvalidInputError(f"there is no run {run_id}; `dockyard runs` lists them") from error

    def find(self, text: str) -> UUID:
        """The id of a run given by id, the start of one, name, or `latest`. Raises InvalidInputError."""
        known = self.list(limit=200)
        if text == "latest" and known:
            return known[0].id
        try:
            return UUID(text)
        except ValueError:
            pass
        found = [run for run in known if run.name == text or (len(text) >= 4 and str(run.id).startswith(text))]
        if len(found) != 1:
            what = "several runs fit" if found else "there is no run"
            raise InvalidInputError(f"{what} '{text}'; `dockyard runs` lists them")
        return found[0].id

    def list(self, limit: int = 20) -> list[RunHandle]:
        """The newest runs first."""
        from prefect.client.schemas.filters import FlowFilter, FlowFilterName
        from prefect.client.schemas.sorting import FlowRunSort

        runs = self._client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[FLOW_NAME])),
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
            limit=limit,
        )
        return [_handle(run) for run in runs]

    def cancel(self, run_id: UUID) -> None:
        """Ask for the run's end; its worker ends the containers."""
        from prefect.states import Cancelling

        self._client.set_flow_run_state(run_id, Cancelling(message="Cancelled from the command line"))

    def report(self, run_id: UUID) -> RunReport:
        """The report of a finished run. Raises InvalidInputError."""
        from flows.reports import archive

        return archive.load(run_id)

    def _progress(self, run_id: UUID) -> Progress:
        from httpx import HTTPError
        from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

        try:
            run = self.get(run_id)
            tasks = self._client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run_id])), limit=200)
        except HTTPError as error:
            raise UnavailableError(f"the Prefect server does not answer: {error}") from error
        return Progress(run=run, nodes={task.name: _STATES[task.state_type] for task in tasks if task.state_type})


def _handle(run: FlowRun) -> RunHandle:
    parameters = run.parameters
    return RunHandle(
        id=run.id,
        name=run.name,
        workflow=name_of(str(parameters.get("workflow", ""))),
        repository=display(str(parameters.get("repository", ""))),
        state=_STATES[run.state_type] if run.state_type else RunState.PENDING,
        message=(run.state.message or "") if run.state else "",
        created=run.created,
        seconds=run.total_run_time.total_seconds(),
    )
