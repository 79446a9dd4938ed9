"""Steps as Prefect tasks: named after their nodes, retried and cached by Prefect."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from prefect import Task, allow_failure, get_run_logger
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture
from prefect.results import get_result_store
from prefect.serializers import CompressedJSONSerializer

from agents.contract.schema import RunInfo
from flows.definition.definition import Definition
from flows.definition.status import NodeStatus
from flows.errors import NodeTimedOutError, UnavailableError
from flows.execution.driver import Clock
from flows.execution.outcome import failed
from flows.execution.scheduler import Outcome, Step
from flows.execution.step import History, run_step
from flows.reports.schema import NodeReport
from flows.runtime import Runtime

_SERIALIZER = CompressedJSONSerializer(compressionlib="zlib")
"""Not Prefect's default, lzma: ten times the time for a tenth less."""


def _unavailable(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether it is worth another try: the database was away, and nothing but that."""
    return isinstance(state.data, UnavailableError)


class Tasks:
    """Submits the steps of one run to the flow's task runner and keeps their reports by name; implements `driver.Steps`."""

    def __init__(
        self,
        run: RunInfo,
        definition: Definition,
        runtime: Runtime,
        clock: Clock,
        publish: Callable[[NodeReport], None],
        *,
        history: History,
        entered: bool,
    ) -> None:
        """`publish` is called in the task with each report. `entered`: the run was begun before, and has results."""
        self._run = run
        self.definition = definition
        self._runtime = runtime
        self._clock = clock
        self._publish = publish
        self._history = history
        self._entered = entered
        self._store = get_result_store()  # the flow's; the threads of futures know of no flow
        self._log = get_run_logger()
        self._futures: dict[str, PrefectFuture[NodeReport]] = {}
        self.reports: dict[str, NodeReport] = {}

    def known(self, key: str) -> bool:
        """Whether the step of that key has a persisted result."""
        return self._entered and self._store.exists(self._key(key))

    @property
    def waiting(self) -> int:
        """No step waits for people."""
        return 0

    def look(self, *, busy: bool) -> None:
        """Nobody decides anything."""

    def submit(
        self,
        step: Step,
        done: Callable[[Outcome], None],
        park: Callable[[Callable[[], None]], None] | None = None,  # noqa: ARG002 - no step of these waits
    ) -> None:
        """Start `step` as a task; `done` is called with its outcome. One that an earlier entry finished is not started."""
        if self.take(step, step.key, done):
            return
        before = [allow_failure(self._futures[name]) for name in step.after if name in self._futures]
        future = self._task(step).submit(wait_for=before, return_state=False)
        self._futures[step.name] = future
        future.add_done_callback(lambda ended: done(self._ended(step, ended)))

    def apply(self, step: Step, act: Callable[[NodeReport], NodeReport], done: Callable[[Outcome], None]) -> None:
        """Do in the hub what people approved, as a task after the step's own; `act` takes and gives the node's report."""
        if self.take_applied(step, done):
            return
        before = [allow_failure(self._futures[step.name])] if step.name in self._futures else []
        future = self._applying(step, act).submit(wait_for=before, return_state=False)
        self._futures[step.name] = future
        future.add_done_callback(lambda ended: done(self._ended(step, ended)))

    def take_applied(self, step: Step, done: Callable[[Outcome], None]) -> bool:
        """`take` what an earlier entry made of what people approved."""
        return self.take(step, _applied(step.key), done)

    def take(self, step: Step, key: str, done: Callable[[Outcome], None]) -> bool:
        """Call `done` with what an earlier entry has as the result of `key`; whether there is one.

        Prefect would take it, too, in a task that says so: 0.1 to 0.3 s of a person's time for each node before theirs.
        """
        if not self.known(key):
            return False
        try:
            result: object = self._store.read(self._key(key)).result
        except Exception as error:  # noqa: BLE001 - whatever a storage raises: the step's task meets it, too, and tells
            self._log.warning("The result of '%s' cannot be read (%s).", step.name, error)
            return False
        if not isinstance(result, NodeReport):
            return False
        done(self._reported(step, result))
        return True

    def _key(self, key: str) -> str:
        return f"{self._run.run}/{key}"

    def _applying(self, step: Step, act: Callable[[NodeReport], NodeReport]) -> Task[[], NodeReport]:
        planned = self.reports[step.name]

        def turn() -> NodeReport:
            report = act(planned)
            self._publish(report)
            return report

        key = self._key(_applied(step.key))
        return Task(
            partial(turn),
            name=f"{step.path} (apply)",
            task_run_name=f"{step.name} (apply)",
            description="Writes the approved change.",
            retries=3,
            retry_delay_seconds=5,
            retry_condition_fn=_unavailable,
            cache_key_fn=lambda *_: key,
            persist_result=True,
            result_serializer=_SERIALIZER,
        )

    def _task(self, step: Step) -> Task[[], NodeReport]:
        manifest = self.definition.manifest(step.node)
        info = self._run.model_copy(update={"node": step.name})
        waits, jitter = step.node.retries.waits(), step.node.retries.jitter
        key = self._key(step.key)

        # A closure without parameters: Prefect would walk through and hash every finding handed to a task.
        def turn() -> NodeReport:
            left, reason = self._clock.left(step)
            if left <= 0:
                raise NodeTimedOutError(reason)
            report = run_step(
                step.node,
                manifest,
                step.inputs,
                info,
                self._runtime,
                left=left,
                reason=reason,
                history=self._history,
                log=get_run_logger().log,
            )
            self._publish(report)
            return report

        def worth_it(_task: Task[..., Any], run: TaskRun, _state: State[Any]) -> bool:
            return self._clock.left(step)[0] > waits[min(run.run_count, len(waits)) - 1]

        return Task(
            partial(turn),  # of a plain function Prefect reads and hashes the source, a millisecond for each node
            name=step.path,
            task_run_name=step.name,
            description=manifest.description,
            retries=len(waits),
            retry_delay_seconds=list(waits),
            retry_jitter_factor=jitter if waits and jitter else None,
            retry_condition_fn=worth_it if waits else None,
            cache_key_fn=lambda *_: key,
            persist_result=True,
            result_serializer=_SERIALIZER,
        )

    def _ended(self, step: Step, future: PrefectFuture[NodeReport]) -> Outcome:
        try:
            return self._outcome(step, future)
        except BaseException as error:  # noqa: BLE001 - in this thread nobody would hear of it, and the run would wait
            return failed(f"{type(error).__name__}: {error}")

    def _outcome(self, step: Step, future: PrefectFuture[NodeReport]) -> Outcome:
        # With raise_on_failure=False a failed task's exception comes back as the value.
        result: object = future.result(raise_on_failure=False)
        if isinstance(result, NodeReport):
            return self._reported(step, result)
        status = NodeStatus.TIMED_OUT if isinstance(result, NodeTimedOutError) else NodeStatus.FAILED
        return Outcome(status, error=str(result) or type(result).__name__)

    def _reported(self, step: Step, report: NodeReport) -> Outcome:
        self.reports[step.name] = report
        return Outcome(report.status, output=report.report)


def _applied(key: str) -> str:
    """The key of what came of the change that the step of `key` planned; not a folder of it: results are files."""
    return f"{key}.applied"
