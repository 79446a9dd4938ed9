"""The one Prefect flow: every workflow file is a deployment of it, every agent node a task in it."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from prefect import flow, get_run_logger
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.runtime import deployment
from prefect.runtime import flow_run as current
from prefect.settings import PREFECT_UI_URL
from prefect.states import Cancelled, Completed, Crashed, Failed
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field, JsonValue

from agents.contract.schema import RunInfo
from flows.approvals import Ledger, check_approvers, policy_for
from flows.definition.loader import Definition, bind, is_name, load
from flows.errors import INVALID_INPUT, DockyardError, InvalidInputError, UnavailableError
from flows.execution.agents import Agents, known_with
from flows.execution.changes import Changes, Destination, branch_names, gated
from flows.execution.concurrency import NoSlotError, slot
from flows.execution.driver import Clock, Driver
from flows.execution.engine import runtime_for
from flows.execution.failures import Failures
from flows.execution.gates import Gates, check_ledger
from flows.execution.library import kept_named, loaded, text_of
from flows.execution.origin import origin
from flows.execution.pauses import Pauses
from flows.execution.repository import read_repository
from flows.execution.scheduler import Outcome, Scheduler
from flows.execution.summary import denied, node_reports
from flows.execution.tasks import Tasks
from flows.execution.tenancy import check_repository, workspace_of
from flows.execution.worked import Worked
from flows.people import Via
from flows.reports import archive
from flows.reports.artifacts import Artifacts
from flows.reports.schema import NodeReport, RunReport, RunStatus, added, counted
from flows.runtime import Runtime
from flows.settings import RuntimeName, Settings, local_person, settings
from flows.store import open_store, record_origin, write
from flows.workspace import ADDRESS_SCHEMA_PATTERN, Checkout

MAX_PARALLEL_NODES = 8

Repository = Annotated[str, Field(json_schema_extra={"pattern": ADDRESS_SCHEMA_PATTERN})]
"""Not a pydantic pattern: Prefect's server checks a run's parameters by JSON schema before it stores them."""


@flow(
    name="dockyard",
    task_runner=ThreadPoolTaskRunner(max_workers=MAX_PARALLEL_NODES),  # type: ignore[arg-type] # open result type
    persist_result=False,
)
def run_workflow(
    repository: Repository,
    workflow: str = "health-check",
    ref: str = "HEAD",
    params: dict[str, Any] | None = None,
    runtime: RuntimeName | None = None,
) -> State[Any]:
    """Run a workflow over a repository.

    Args:
        repository: Path or git URL.
        workflow: Name of a workflow, or a workflow's whole YAML text.
        ref: Branch, tag or commit.
        params: The workflow's own params.
        runtime: auto, docker or local; the worker's setting when left out.
    """
    entered = True  # where that cannot be read, nothing shall be lost
    try:
        entered = archive.pinned_commit(UUID(str(current.id))) is not None
        return _run(repository, workflow, ref, params or {}, runtime, entered=entered)
    except InvalidInputError as error:
        return Failed(name=INVALID_INPUT, message=str(error))
    except NoSlotError as error:
        return Cancelled(message=str(error))
    except UnavailableError as error:
        if not entered:
            return Failed(message=str(error))
        # As a killed process leaves it: the reconciler starts it again, for people may have waited and decided for days.
        return Crashed(message=f"{error}; what people decided is kept, and a run with gates is started again by itself")
    except DockyardError as error:  # its text is the reason; Prefect would put "encountered an exception" before it
        return Failed(message=str(error))


def _run(
    repository: str,
    workflow: str,
    ref: str,
    params: dict[str, JsonValue],
    runtime: RuntimeName | None,
    *,
    entered: bool,
) -> State[Any]:
    config = settings()
    run_id: UUID = UUID(str(current.id))
    workspace = workspace_of(current.tags)
    definition = _definition(run_id, workflow, config, workspace)
    bound = bind(definition.workflow, params)
    if not entered and gated(definition):  # a run that goes on keeps to what its gates were opened with
        check_approvers(definition, policy_for(config, local_person()))
    check_repository(repository, workspace, config, _door(workflow, config))
    with slot(definition, repository, run_id, workspace=workspace, deployed=is_name(workflow), waits=entered):
        checkout = _checkout(run_id, repository, ref, config, waits=gated(definition))
        log = get_run_logger()
        log.info("%s at %s (%s)", checkout.repository, checkout.commit, ref)
        with (
            _held(checkout, run_id),
            closing(Artifacts(run_id)) as artifacts,
            _opened(checkout, runtime or config.runtime, run_id, config) as (opened, notices),
        ):
            own_text = not is_name(workflow)
            run = _Run(
                run_id, workspace, definition, bound, checkout, opened, notices, artifacts, repository, own_text, entered
            )
            report, state = run.drive(config)
            archive.save(report)
            artifacts.publish_run(report)
        return state


def _door(workflow: str, config: Settings) -> Via | None:
    """Through which door the repository was named, where that is not the command line: a kept workflow's schedule."""
    timed = "auto-scheduled" in current.tags  # Prefect's own tag
    return Via.API if timed and is_name(workflow) and kept_named(workflow, config) is not None else None


def _definition(run_id: UUID, workflow: str, config: Settings, workspace: str) -> Definition:
    """What the run began with; when it begins now, this is written down."""
    if pinned := archive.pinned(run_id):
        return load(pinned.text, manifests=known_with(pinned.agents), library=pinned.library)
    text = text_of(workflow, config, workspace) if is_name(workflow) else workflow
    agents = Agents(config, workspace)
    definition = loaded(text, agents, config)
    archive.pin(run_id, archive.Pinned(text=text, library=definition.texts(), agents=agents.used_by(definition)))
    return definition


def _checkout(run_id: UUID, repository: str, ref: str, config: Settings, *, waits: bool) -> Checkout:
    """The commit that the run began with, however often it is entered; kept, where it may wait for people."""
    began = archive.pinned_commit(run_id)
    checkout = read_repository(repository, ref, config, pinned=began, kept_for=str(run_id) if waits else None)
    if began is None:
        archive.pin_commit(run_id, checkout.commit)
    return checkout


@contextmanager
def _held(checkout: Checkout, run_id: UUID) -> Iterator[None]:
    """Let go of the run's commit at its end. A run that is suspended or killed, which no Exception says, keeps it."""
    try:
        yield
    except Exception:
        checkout.release(str(run_id))
        raise
    checkout.release(str(run_id))


@contextmanager
def _opened(
    checkout: Checkout, name: RuntimeName, run_id: UUID, config: Settings
) -> Iterator[tuple[Runtime, tuple[str, ...]]]:
    """The runtime with the workspace in it, and what people must know of both."""
    log = get_run_logger()
    with runtime_for(name, str(run_id), config, saved=True) as opened:
        log.info("The runtime is %s.", opened.name)
        notices = tuple(notice for notice in (checkout.notice, opened.notice) if notice)
        for notice in notices:
            log.warning(notice)
        with tempfile.TemporaryDirectory(prefix="dockyard-") as scratch:
            tar = Path(scratch) / "workspace.tar"
            checkout.write_tar(tar)
            opened.stage(tar)
        yield opened, notices


@dataclass
class _Run:
    """One run over an opened runtime."""

    run_id: UUID
    workspace: str
    definition: Definition
    params: dict[str, JsonValue]
    checkout: Checkout
    runtime: Runtime
    notices: tuple[str, ...]
    artifacts: Artifacts
    repository: str
    own_text: bool
    entered: bool

    def drive(self, config: Settings) -> tuple[RunReport, State[Any]]:
        """Run every node to its end."""
        self.started = datetime.now(UTC)
        workflow, checkout = self.definition.workflow.name, self.checkout
        info = RunInfo(run=str(self.run_id), workflow=workflow, repository=checkout.repository, commit=checkout.commit)
        worked = Worked(info.run)
        scheduler = Scheduler(
            self.definition,
            params=self.params,
            built_in={"repository": checkout.repository, "ref": checkout.ref},
            run={
                "id": str(self.run_id),
                "name": str(current.name),
                "workflow": workflow,
                "repository": checkout.repository,
                "ref": checkout.ref,
                "commit": checkout.commit,
            },
            slots=MAX_PARALLEL_NODES,
            worked=worked.before,
        )
        clock = Clock()
        tasks = Tasks(
            info,
            self.definition,
            self.runtime,
            clock,
            history=cache(self.checkout.changes),
            publish=lambda node: self.artifacts.publish(self._report((node,))),
            entered=self.entered,
        )
        with get_client(sync_client=True) as client:
            steps = self._gates(tasks, clock, worked, client, config) if gated(self.definition) else tasks
            Driver(scheduler, clock, steps, _tell).drive()
            if isinstance(steps, Gates):
                steps.forget()
        reasons = scheduler.reasons()
        status = RunStatus.FAILED if reasons else RunStatus.COMPLETED
        rows = tuple(scheduler.rows())
        report = self._report(node_reports(rows, tasks.reports, self.definition, self.runtime.name), status)
        return report, _state(report, reasons, denied(rows, [name for name, _ in reasons]))

    def _gates(self, tasks: Tasks, clock: Clock, worked: Worked, client: SyncPrefectClient, config: Settings) -> Gates:
        """Steps with people between them: the ledger, today's policy, and where approved changes go."""
        engine = open_store(config)
        ledger = Ledger(engine)
        found = origin(client, self.run_id, self.definition, own_text=self.own_text)
        known = write(engine, lambda connection: record_origin(connection, found))
        checkout = self.checkout
        failures = Failures(known.run)
        check_ledger(ledger, known.run, failures)
        where = Destination(self.repository, checkout.ref, checkout.commit, checkout.home, checkout.timeout)
        branch = branch_names(self.definition, str(self.run_id))
        changes = Changes(ledger, where, self._image, branch)
        deployed = deployment.id is not None
        pauses = Pauses(client, self.run_id, grace=config.approval_grace, deployed=deployed)
        return Gates(
            origin=known,
            workflow=self.definition.workflow.name,
            tasks=tasks,
            changes=changes,
            ledger=ledger,
            policy=lambda: policy_for(config, local_person()),
            pauses=pauses,
            clock=clock,
            failures=failures,
            worked=worked,
        )

    def _image(self, agent: str) -> str:
        manifest = self.definition.manifests[agent]
        return manifest.image if manifest.foreign else self.runtime.image

    def _report(self, nodes: tuple[NodeReport, ...], status: RunStatus = RunStatus.COMPLETED) -> RunReport:
        ui = PREFECT_UI_URL.value()
        return RunReport(
            run=str(self.run_id),
            name=str(current.name),
            workspace=self.workspace,
            workflow=self.definition.workflow.name,
            repository=self.checkout.repository,
            ref=self.checkout.ref,
            commit=self.checkout.commit,
            status=status,
            started=self.started,
            finished=datetime.now(UTC),
            url=f"{ui}/runs/flow-run/{self.run_id}" if ui else None,
            notices=self.notices,
            nodes=nodes,
        )


def _tell(path: str, outcome: Outcome) -> None:
    if not outcome.status.ok:
        level = logging.ERROR if outcome.status.failed else logging.INFO
        get_run_logger().log(level, "%s: %s, %s", path, outcome.status.value, outcome.error)


def _state(report: RunReport, reasons: list[tuple[str, str]], denial: str | None) -> State[Any]:
    found = added([counted(node.part("findings")) for node in report.nodes])
    text = (
        f"{found.total} findings: {found.critical} critical, {found.error} error, {found.warning} warning, {found.info} info"
    )
    if not reasons:
        return Completed(message=text, data=None)
    failed = "; ".join(f"{name}: {reason}" for name, reason in reasons)
    return Failed(name=denial or "Failed", message=f"{failed} ({text})")
