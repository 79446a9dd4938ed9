"""The one Prefect flow: every workflow file is a deployment of it, every agent node a task in it."""

from __future__ import annotations

import logging
import queue
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import allow_failure, flow, get_run_logger, task
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run as current
from prefect.settings import PREFECT_UI_URL
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import JsonValue

from agents.catalog import catalog
from agents.contract.schema import RunInfo
from flows.definition.loader import Definition, bind, find, is_name, load
from flows.definition.status import NodeStatus
from flows.errors import NodeTimedOutError
from flows.execution.engine import runtime_for
from flows.execution.scheduler import Outcome, next_turn
from flows.execution.step import run_step
from flows.reports import archive, artifacts
from flows.reports.schema import NodeReport, RunReport, RunStatus
from flows.runtime import Runtime
from flows.settings import RuntimeName, Settings, settings
from flows.workspace import Checkout, check_out

MAX_PARALLEL_NODES = 8


@flow(
    name="dockyard",
    task_runner=ThreadPoolTaskRunner(max_workers=MAX_PARALLEL_NODES),  # type: ignore[arg-type] # open result type
    persist_result=False,
)
def run_workflow(
    repository: str,
    workflow: str = "health-check",
    ref: str = "HEAD",
    params: dict[str, Any] | None = None,
    runtime: RuntimeName | None = None,
) -> State[Any]:
    """Run a workflow over a repository.

    Args:
        repository: Path or git URL.
        workflow: Name of a shipped workflow, or a workflow's whole YAML text.
        ref: Branch, tag or commit.
        params: The workflow's own params.
        runtime: auto, docker or local; the worker's setting when left out.
    """
    config = settings()
    run_id: UUID = UUID(str(current.id))
    definition = load(archive.pin(run_id, _text(workflow, config)))
    bound = bind(definition.workflow, params or {})
    checkout = check_out(repository, ref, state_dir=config.state_dir, timeout=config.git_timeout)
    log = get_run_logger()
    log.info("%s at %s (%s)", checkout.repository, checkout.commit, ref)
    if checkout.dirty:
        log.warning("The working tree has uncommitted changes; they are not part of this run.")
    with runtime_for(runtime or config.runtime, str(run_id), config, saved=True) as opened:
        log.info("The runtime is %s.", opened.name)
        if opened.notice:
            log.warning(opened.notice)
        _stage(checkout, opened)
        report = _Run(run_id, definition, bound, checkout, opened).drive()
    archive.save(report)
    return _state(report)


def _text(workflow: str, config: Settings) -> str:
    if not is_name(workflow):
        return workflow
    return find(workflow, config.workflows_dir).read_text(encoding="utf-8")


def _stage(checkout: Checkout, runtime: Runtime) -> None:
    with tempfile.TemporaryDirectory(prefix="dockyard-") as scratch:
        tar = Path(scratch) / "workspace.tar"
        checkout.write_tar(tar)
        runtime.stage(tar)


def _state(report: RunReport) -> State[Any]:
    found = report.summary
    text = (
        f"{found.total} findings: {found.critical} critical, {found.error} error, {found.warning} warning, {found.info} info"
    )
    if report.status is RunStatus.COMPLETED:
        return Completed(message=text, data=None)
    failed = "; ".join(f"{node.node}: {node.reason}" for node in report.nodes if node.status.failed)
    return Failed(message=f"{failed} ({text})")


class _Run:
    """Drives one run: asks the scheduler, submits tasks, collects outcomes."""

    def __init__(
        self,
        run_id: UUID,
        definition: Definition,
        params: dict[str, JsonValue],
        checkout: Checkout,
        runtime: Runtime,
    ) -> None:
        self._run_id = run_id
        self._definition = definition
        self._checkout = checkout
        self._runtime = runtime
        self._started = datetime.now(UTC)
        self._info = RunInfo(
            run=str(run_id),
            workflow=definition.workflow.name,
            repository=checkout.repository,
            commit=checkout.commit,
        )
        self._values: dict[str, JsonValue] = {
            "params": {**params, "repository": checkout.repository, "ref": checkout.ref},
            "run": {
                "id": str(run_id),
                "name": str(current.name),
                "workflow": definition.workflow.name,
                "repository": checkout.repository,
                "ref": checkout.ref,
                "commit": checkout.commit,
            },
        }
        self._futures: dict[str, PrefectFuture[NodeReport]] = {}
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reports: dict[str, NodeReport] = {}
        self._outcomes: dict[str, Outcome] = {}

    def drive(self) -> RunReport:
        """Run every node to its end."""
        workflow = self._definition.workflow
        while len(self._outcomes) < len(workflow.nodes):
            turn = next_turn(workflow, self._definition.graph, self._outcomes, self._futures.keys(), self._values)
            for node_id, outcome in turn.ended.items():
                self._end(node_id, outcome)
            for node_id, inputs in turn.ready.items():
                self._submit(node_id, inputs)
            if len(self._outcomes) < len(workflow.nodes):
                self._collect(self._done.get())
        return self._report(tuple(self._reports[node.id] for node in workflow.nodes))

    def _submit(self, node_id: str, inputs: dict[str, JsonValue]) -> None:
        node = self._definition.workflow.node(node_id)
        manifest = catalog()[node.agent]
        info = self._info.model_copy(update={"node": node_id})
        key = f"{self._run_id}/{node_id}/0"

        # A closure without parameters: Prefect would walk through and hash every finding handed to a task.
        def turn() -> NodeReport:
            log = get_run_logger()
            report = run_step(node, manifest, inputs, info, self._runtime, log=log.log)
            artifacts.publish(self._report((report,)), report)
            return report

        as_task = task(
            name=node_id,
            task_run_name=node_id,
            description=manifest.description,
            retries=node.retries.max,
            retry_delay_seconds=[node.retries.delay * 2**attempt for attempt in range(node.retries.max)],
            retry_jitter_factor=0.3 if node.retries.max else None,
            cache_key_fn=lambda *_: key,
            persist_result=True,
            result_serializer="compressed/json",
        )
        dependencies = self._definition.graph.dependencies[node_id]
        before = [allow_failure(self._futures[other]) for other in dependencies if other in self._futures]
        future = as_task(turn).submit(wait_for=before, return_state=False)
        self._futures[node_id] = future
        future.add_done_callback(lambda _: self._done.put(node_id))

    def _collect(self, node_id: str) -> None:
        # With raise_on_failure=False a failed task's exception comes back as the value.
        result: object = self._futures[node_id].result(raise_on_failure=False)
        if isinstance(result, NodeReport):
            self._reports[node_id] = result
            self._outcomes[node_id] = Outcome(result.status, output=result.report)
            return
        status = NodeStatus.TIMED_OUT if isinstance(result, NodeTimedOutError) else NodeStatus.FAILED
        self._end(node_id, Outcome(status, error=str(result)))

    def _end(self, node_id: str, outcome: Outcome) -> None:
        node = self._definition.workflow.node(node_id)
        level = logging.ERROR if outcome.status.failed else logging.INFO
        get_run_logger().log(level, "%s: %s, %s", node_id, outcome.status.value, outcome.error)
        self._outcomes[node_id] = outcome
        self._reports[node_id] = NodeReport(
            node=node_id,
            agent=node.agent,
            version=catalog()[node.agent].version,
            status=outcome.status,
            reason=outcome.error,
            runtime=self._runtime.name,
        )

    def _report(self, nodes: tuple[NodeReport, ...]) -> RunReport:
        failed = any(node.status.failed for node in nodes)
        ui = PREFECT_UI_URL.value()
        return RunReport(
            run=str(self._run_id),
            name=str(current.name),
            workflow=self._definition.workflow.name,
            repository=self._checkout.repository,
            ref=self._checkout.ref,
            commit=self._checkout.commit,
            status=RunStatus.FAILED if failed else RunStatus.COMPLETED,
            started=self._started,
            finished=datetime.now(UTC),
            url=f"{ui}/runs/flow-run/{self._run_id}" if ui else None,
            nodes=nodes,
        )
