"""Runs: start, watch, cancel, list, logs. All through Prefect's API, so any door sees the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from copy import copy
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import JsonValue

from agents.contract.schema import Frozen
from flows.canonical import digest
from flows.definition.loader import name_of
from flows.errors import EXPIRED, INVALID_INPUT, REJECTED, ConflictError, InvalidInputError, UnknownError
from flows.people import DEFAULT_WORKSPACE, Via, WorkspaceName
from flows.reports import plain
from flows.service.deployments import FLOW_NAME, deploy, deploy_from_file, ensure_pool
from flows.service.lost_runs import ensure_lost_runs_are_told
from flows.service.requests import StartRequest, check_request
from flows.service.server import answering
from flows.settings import Settings, local_person
from flows.workspace import display

if TYPE_CHECKING:
    from prefect.client.schemas import OrchestrationResult
    from prefect.client.schemas.filters import DeploymentFilterName, FlowRunFilterTags
    from prefect.client.schemas.objects import FlowRun, TaskRun

POLL_SECONDS = 0.5
PATIENCE_SECONDS = 10.0
_QUICK_SECONDS = 0.1
_INSTANT = timedelta(microseconds=1)
_PAGE = 200
"""As many task runs as Prefect gives at once."""


class RunState(StrEnum):
    """A run's state in the words of the command line."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    CANCELLING = "cancelling"
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
    "CANCELLING": RunState.CANCELLING,
    "CANCELLED": RunState.CANCELLED,
}


class Caller(Frozen):
    """On whose behalf a door acts, and which door it is; both are kept with what comes of it.

    `trigger` names what made the door act, where that was no person.

    `workspace` is whose runs there are: those of others are not there. None, whoever sits at the machine, sees all, and
    starts runs in the workspace of a kept workflow, else in the default one.
    """

    name: str
    via: Via
    trigger: str = ""
    workspace: WorkspaceName | None = None


class LogLine(Frozen):
    """A line of a run's log. `level` is as in `logging`; `node` is empty where no node's turn said it."""

    at: datetime
    level: int
    node: str
    text: str


class RunHandle(Frozen):
    """A run in Prefect. `message` is the state's own sentence.

    `refused`: what it was given could not be used; `denied`: people said no to what it wanted to do; `expired`: they
    said nothing in time.
    `requester` is who started it, empty where no door of ours did. `workspace` is empty where its tags say no single one.
    """

    id: UUID
    name: str
    workflow: str
    repository: str
    state: RunState
    message: str = ""
    requester: str = ""
    workspace: str = DEFAULT_WORKSPACE
    refused: bool = False
    denied: bool = False
    expired: bool = False
    work_pool: str | None = None
    created: datetime | None = None
    seconds: float = 0.0


class Progress(Frozen):
    """A moment of a run: itself, the states of its nodes that have begun, and why it does not begin."""

    run: RunHandle
    nodes: dict[str, RunState]
    waits_for: str = ""


class Runs:
    """Runs of the Prefect server that the environment or profile names."""

    def __init__(self, settings: Settings, caller: Caller | None = None, *, patience: float = PATIENCE_SECONDS) -> None:
        """`caller`: by default whoever sits at this machine's command line.

        `patience`: seconds that a run may be pending before `watch` looks for a worker.
        """
        from prefect.client.orchestration import get_client

        self._settings = settings
        self._caller = caller or Caller(name=local_person(), via=Via.CLI)
        self._patience = patience
        self._client = get_client(sync_client=True)

    def acting_for(self, caller: Caller) -> Runs:
        """The same runs, on behalf of somebody else."""
        other = copy(self)
        other._caller = caller
        return other

    @answering()
    def start(self, request: StartRequest, *, idempotency_key: str | None = None) -> RunHandle:
        """Check everything that can be checked, then hand the run to a worker. Raises InvalidInputError.

        With the `idempotency_key` of an earlier start by the same caller nothing is started: that run is returned.
        Raises ConflictError where the key was used to start something else.
        """
        from flows.execution.origin import DOOR, REQUESTER, TRIGGER

        checked = check_request(request, self._settings, self._caller.workspace, self._caller.via)
        ensure_pool(self._client, self._settings)
        ensure_lost_runs_are_told(self._client, self._settings, FLOW_NAME)
        if checked.from_file:
            deployment = deploy_from_file(self._client, self._settings, checked.workspace)
        else:
            deployment = deploy(
                self._client, checked.definition, self._settings, author=checked.author, workspace=checked.workspace
            )
        parameters: dict[str, JsonValue] = {
            "workflow": checked.definition.text if checked.from_file else checked.definition.workflow.name,
            "repository": checked.repository,
            "ref": request.ref,
            "params": checked.params,
            "runtime": request.runtime,
        }
        labels: dict[str, int | float | bool | str] = {REQUESTER: self._caller.name, DOOR: self._caller.via.value}
        if self._caller.trigger:
            labels[TRIGGER] = self._caller.trigger
        run = self._client.create_flow_run_from_deployment(
            deployment,
            parameters=parameters,
            labels=labels,
            # Prefect's keys are those of all callers: nobody shall be given another's run.
            idempotency_key=None if idempotency_key is None else digest([self._caller.name, idempotency_key]),
        )
        if idempotency_key is not None and {name: run.parameters.get(name) for name in parameters} != parameters:
            raise ConflictError(f"this idempotency key has started another run ({run.id}); take a new one for a new run")
        return _handle(run)

    def watch(self, run_id: UUID) -> Iterator[Progress]:
        """The run as it goes on, until it ends or waits for people."""
        look, waits_for = time.monotonic() + self._patience, ""
        while True:
            progress = self.progress(run_id)
            if progress.run.state not in (RunState.PENDING, RunState.CANCELLING):
                waits_for = ""
            elif time.monotonic() >= look:
                look, waits_for = time.monotonic() + self._patience, self._nobody_takes(progress.run.work_pool)
            yield progress.model_copy(update={"waits_for": waits_for})
            if progress.run.state.final or progress.run.state is RunState.WAITING:
                return
            time.sleep(POLL_SECONDS)

    def goes_on(self, run_id: UUID) -> bool:
        """Wait until a run whose gates were decided does not wait any more; whether that was so within the patience."""
        end = time.monotonic() + self._patience
        while self.get(run_id).state is RunState.WAITING:
            if time.monotonic() >= end:
                return False
            time.sleep(_QUICK_SECONDS)
        return True

    @answering()
    def get(self, run_id: UUID) -> RunHandle:
        """One run. Raises UnknownError when there is none of that id."""
        from prefect.exceptions import ObjectNotFound

        unknown = UnknownError(f"there is no run {run_id}; `dockyard runs` lists them")
        try:
            found = _handle(self._client.read_flow_run(run_id))
        except ObjectNotFound as error:
            raise unknown from error
        if not self.sees(found.workspace):
            raise unknown
        return found

    def sees(self, workspace: str) -> bool:
        """Whether what belongs to that workspace is there for the caller."""
        return self._caller.workspace in (None, workspace)

    def _check_ours(self, run_id: UUID) -> None:
        """Raises UnknownError for a run that is none of the caller's workspace."""
        if self._caller.workspace is not None:
            self.get(run_id)

    @answering()
    def repository(self, run_id: UUID) -> str:
        """The repository as the run was given it: a whole path or a URL. Raises InvalidInputError."""
        from prefect.exceptions import ObjectNotFound

        self._check_ours(run_id)
        try:
            return str(self._client.read_flow_run(run_id).parameters.get("repository", ""))
        except ObjectNotFound as error:
            raise InvalidInputError(f"Prefect knows no run {run_id}; name its repository with --repository") from error

    @answering()
    def deployed_by(self, workflow: str) -> str | None:
        """Who deployed the workflow of that name, where that is known."""
        from prefect.exceptions import ObjectNotFound

        from flows.execution.origin import AUTHORED, Authored

        try:
            found = self._client.read_deployment_by_name(f"{FLOW_NAME}/{workflow}")
        except ObjectNotFound:
            return None
        schema = found.parameter_openapi_schema or {}
        return Authored.model_validate(schema[AUTHORED]).name if AUTHORED in schema else None

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

    @answering()
    def list(
        self, limit: int = 20, *, offset: int = 0, state: RunState | None = None, deployed: str | None = None
    ) -> list[RunHandle]:
        """The newest runs first: at most `limit` (1 to 200) from `offset` on.

        With `state` those in that state alone, with `deployed` those of the deployed workflow of that name.
        """
        from prefect.client.schemas.filters import (
            DeploymentFilter,
            FlowFilter,
            FlowFilterName,
            FlowRunFilter,
            FlowRunFilterState,
            FlowRunFilterStateType,
        )
        from prefect.client.schemas.objects import StateType
        from prefect.client.schemas.sorting import FlowRunSort

        kinds = [StateType(kind) for kind, meant in _STATES.items() if meant is state]
        states = FlowRunFilterState(type=FlowRunFilterStateType(any_=kinds)) if kinds else None
        runs = self._client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[FLOW_NAME])),
            flow_run_filter=FlowRunFilter(state=states, tags=self._tags()),
            deployment_filter=DeploymentFilter(name=self._deployments(deployed)) if deployed else None,
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
            limit=limit,
            offset=offset,
        )
        return [_handle(run) for run in runs]

    def _tags(self) -> FlowRunFilterTags | None:
        """What of Prefect's runs is the caller's workspace's."""
        from prefect.client.schemas.filters import FlowRunFilterTags

        from flows.execution.tenancy import workspace_tag

        whose = self._caller.workspace
        return None if whose is None else FlowRunFilterTags(all_=[workspace_tag(whose)])

    def _deployments(self, workflow: str) -> DeploymentFilterName:
        """The deployments of a workflow: of every workspace where the caller sees all."""
        from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName

        from flows.execution.tenancy import deployment_name

        if self._caller.workspace is not None:
            return DeploymentFilterName(any_=[deployment_name(workflow, self._caller.workspace)])
        named = f"{workflow}@"
        found = self._client.read_deployments(deployment_filter=DeploymentFilter(name=DeploymentFilterName(like_=named)))
        return DeploymentFilterName(any_=[workflow, *(one.name for one in found if one.name.startswith(named))])

    @answering()
    def count(self) -> dict[RunState, int]:
        """How many of the caller's runs are in each state."""
        from prefect.client.schemas.filters import (
            FlowFilter,
            FlowFilterName,
            FlowRunFilter,
            FlowRunFilterState,
            FlowRunFilterStateType,
        )
        from prefect.client.schemas.objects import StateType

        ours = FlowFilter(name=FlowFilterName(any_=[FLOW_NAME]))
        found = dict.fromkeys(RunState, 0)
        for kind, state in _STATES.items():
            wanted = FlowRunFilterStateType(any_=[StateType(kind)])
            found[state] += self._client.count_flow_runs(
                flow_filter=ours, flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=wanted), tags=self._tags())
            )
        return found

    @answering()
    def cancel(self, run_id: UUID) -> None:
        """Ask for the run's end; its worker ends the containers. Raises UnknownError, ConflictError when it has ended."""
        from prefect.states import Cancelling

        known = self.get(run_id)
        if known.state.final:
            raise ConflictError(f"{known.name} has ended already: {known.state.value}")
        by = f"Cancelled by {self._caller.name} ({self._caller.via.value})"
        self._client.set_flow_run_state(run_id, Cancelling(message=by))

    @answering()
    def retry(self, run_id: UUID) -> RunHandle:
        """Start a run that did not succeed again: nodes that succeeded keep their results, the others are tried anew.

        Raises UnknownError, ConflictError where the run goes on still, succeeded, or has no deployment to be started by.
        """
        from prefect.client.schemas.responses import SetStateStatus
        from prefect.states import Scheduled

        known = self.get(run_id)
        if not known.state.final:
            raise ConflictError(f"{known.name} has not ended: it is {known.state.value}")
        if known.state is RunState.COMPLETED:
            raise ConflictError(f"{known.name} succeeded; start a new run instead")
        by = f"Tried again by {self._caller.name} ({self._caller.via.value})"
        result: OrchestrationResult[Any] = self._client.set_flow_run_state(
            run_id, Scheduled(name="AwaitingRetry", message=by)
        )
        if result.status is not SetStateStatus.ACCEPT:
            reason = getattr(result.details, "reason", None) or "Prefect gives no reason"
            raise ConflictError(f"{known.name} cannot be tried again ({reason}); start a new run instead")
        return self.get(run_id)

    @answering()
    def logs(
        self, run_id: UUID, *, after: datetime | None = None, offset: int = 0, limit: int = _PAGE
    ) -> tuple[LogLine, ...]:
        """The run's log, oldest first: at most `limit` lines (1 to 200) from `offset` on, of those later than `after`.

        Raises UnknownError for a run of another workspace.
        """
        from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId, LogFilterTimestamp
        from prefect.client.schemas.sorting import LogSort

        self._check_ours(run_id)
        chosen = LogFilter(
            flow_run_id=LogFilterFlowRunId(any_=[run_id]),
            timestamp=None if after is None else LogFilterTimestamp(after_=after + _INSTANT),  # its own is "not before"
        )
        lines = self._client.read_logs(log_filter=chosen, sort=LogSort.TIMESTAMP_ASC, offset=offset, limit=limit)
        names = self._task_names(run_id) if any(line.task_run_id for line in lines) else {}
        return tuple(
            LogLine(
                at=line.timestamp,
                level=line.level,
                node=names.get(line.task_run_id, "") if line.task_run_id else "",
                text="\n".join(plain.exactly(plain.without_credentials(part)) for part in line.message.splitlines()),
            )
            for line in lines
        )

    @answering()
    def progress(self, run_id: UUID) -> Progress:
        """The run at this moment. Raises UnknownError when there is none of that id."""
        run = self.get(run_id)
        # The latest of a name counts: a run entered again has a task for what it takes from its results, too.
        nodes = {task.name: _STATES[task.state_type] for task in self._tasks(run_id) if task.state_type}
        return Progress(run=run, nodes=nodes)

    def _task_names(self, run_id: UUID) -> dict[UUID, str]:
        return {task.id: task.name for task in self._tasks(run_id)}

    def _tasks(self, run_id: UUID) -> Iterator[TaskRun]:
        """The run's tasks, oldest first."""
        from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
        from prefect.client.schemas.sorting import TaskRunSort

        only = FlowRunFilter(id=FlowRunFilterId(any_=[run_id]))
        offset = 0
        while True:
            tasks = self._client.read_task_runs(
                flow_run_filter=only, sort=TaskRunSort.EXPECTED_START_TIME_ASC, limit=_PAGE, offset=offset
            )
            yield from tasks
            if len(tasks) < _PAGE:
                return
            offset += _PAGE

    @answering()
    def _nobody_takes(self, name: str | None) -> str:
        """Why no worker takes a run of that work pool and what to do, as a sentence; empty when one is there."""
        from prefect.client.schemas.objects import WorkerStatus
        from prefect.exceptions import ObjectNotFound

        if name is None:
            return "the run's deployment has no work pool; `dockyard deploy` gives it one"
        try:
            pool = self._client.read_work_pool(name)
            workers = self._client.read_workers_for_work_pool(name)
        except ObjectNotFound:
            return f"the work pool '{name}' is gone; `dockyard deploy` makes one"
        if pool.is_paused:
            return f"the work pool '{name}' is paused; `prefect work-pool resume {name}`"
        if any(worker.status is WorkerStatus.ONLINE for worker in workers):
            return ""
        command = "dockyard worker" if pool.type == "dockyard" else "prefect worker start"
        return f"no worker polls the work pool '{name}'; start one where runs should run: `{command} --pool {name}`"


def _workspace(tags: list[str]) -> str:
    from flows.execution.tenancy import workspace_of

    try:
        return workspace_of(tags)
    except InvalidInputError:
        return ""


def _handle(run: FlowRun) -> RunHandle:
    from flows.execution.origin import REQUESTER

    parameters = run.parameters
    return RunHandle(
        id=run.id,
        name=plain.line(run.name),
        workflow=plain.line(name_of(str(parameters.get("workflow", "")))),
        repository=plain.line(display(str(parameters.get("repository", "")))),
        state=_STATES[run.state_type] if run.state_type else RunState.PENDING,
        message=(run.state.message or "") if run.state else "",
        requester=plain.line(str(run.labels.get(REQUESTER, ""))),
        workspace=_workspace(run.tags),
        work_pool=run.work_pool_name,
        refused=run.state_name == INVALID_INPUT,
        denied=run.state_name == REJECTED,
        expired=run.state_name == EXPIRED,
        created=run.created,
        seconds=run.total_run_time.total_seconds(),
    )
