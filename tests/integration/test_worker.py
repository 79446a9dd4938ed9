"""The worker type `dockyard` against a real server: outcomes, cancellation, crashes, limits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.integration.conftest import PREFECT, WorkerProcess, Workers, until

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

pytestmark = pytest.mark.prefect

POOL = "yard"
FLOWS = "worker_flows"
SOON = 90.0
"""Seconds within which anything that should happen happens on a busy machine."""


@pytest.fixture(scope="module")
def pool(prefect_server: str) -> str:
    """A work pool of our type, made as a user makes it."""
    done = subprocess.run(
        [PREFECT, "work-pool", "create", POOL, "--type", "dockyard"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return POOL


@pytest.fixture(scope="module", autouse=True)
def _flows_on_path() -> Iterator[None]:
    """Let workers and their runs import the flows of this folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        patch.syspath_prepend(str(Path(__file__).parent))
        yield


class Yard:
    """Deploys flows of worker_flows to a pool and follows their runs."""

    def __init__(self, client: SyncPrefectClient, pool: str) -> None:
        self.client = client
        self.pool = pool

    def submit(
        self,
        flow: str,
        *,
        module: str = FLOWS,
        job_variables: dict[str, Any] | None = None,
        **parameters: Any,
    ) -> UUID:
        """A scheduled run of the flow; returns its id."""
        name = flow.replace("_", "-")
        flow_id = self.client.create_flow_from_name(name)
        deployment = self.client.create_deployment(
            flow_id=flow_id,
            name=f"{name}-on-{self.pool}",
            work_pool_name=self.pool,
            entrypoint=f"{module}.{flow}",
            parameter_openapi_schema={"type": "object", "properties": {}},
            enforce_parameter_schema=False,
        )
        return self.client.create_flow_run_from_deployment(deployment, parameters=parameters, job_variables=job_variables).id

    def read(self, run: UUID) -> FlowRun:
        return self.client.read_flow_run(run)

    def state(self, run: UUID) -> str:
        state = self.read(run).state
        return str(state.name) if state else "none"

    def reaches(self, run: UUID, *names: str, seconds: float = SOON) -> str:
        """Wait until the run's state has one of these names; returns it."""

        def reached() -> str | None:
            name = self.state(run)
            return name if name in names else None

        return until(reached, f"run is {' or '.join(names)}", seconds=seconds)

    def ends(self, run: UUID, *, seconds: float = SOON) -> str:
        """Wait until the run is over; returns its state's name."""

        def final() -> str | None:
            state = self.read(run).state
            return str(state.name) if state and state.is_final() else None

        return until(final, "run is over", seconds=seconds)

    def states(self, run: UUID) -> list[str]:
        return [str(state.name) for state in self.client.read_flow_run_states(run)]

    def logs(self, run: UUID) -> str:
        from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId

        found = self.client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run])), limit=200)
        return "\n".join(log.message for log in found)

    def logged(self, run: UUID, text: str) -> str:
        """Wait until a text is in the run's log at the server; returns the log."""
        return until(lambda: self.logs(run) if text in self.logs(run) else None, f"{text!r} logged", seconds=SOON)

    def cancel(self, run: UUID) -> None:
        from prefect.states import Cancelling

        self.client.set_flow_run_state(run, Cancelling())


@pytest.fixture(scope="module")
def worker(workers: Workers, pool: str) -> Iterator[WorkerProcess]:
    """A worker of our type, shared by the tests that leave it alive."""
    with workers.start(pool, "shared", "--type", "dockyard") as process:
        yield process


@pytest.fixture
def yard(prefect_client: SyncPrefectClient, pool: str) -> Yard:
    return Yard(prefect_client, pool)


def pid_in(folder: Path) -> int:
    """The pid of the run that has begun in this folder."""
    return int(until(lambda: _content(folder / "started"), "the run has begun", seconds=SOON))


def gone(pid: int) -> None:
    """Wait until there is no such process, not even a zombie."""
    until(lambda: not Path(f"/proc/{pid}").exists(), f"process {pid} is gone", seconds=SOON)


def _content(file: Path) -> str | None:
    return file.read_text() if file.exists() else None


def children(pid: int) -> dict[int, str]:
    """Pid and command line of each child process."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found[int(child)] = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
    return found


def forkserver_of(worker: WorkerProcess) -> int:
    return next(pid for pid, line in children(worker.process.pid).items() if "forkserver" in line)


def test_a_run_completes_with_its_logs_at_the_server(yard: Yard, worker: WorkerProcess) -> None:
    run = yard.submit("three_steps", job_variables={"env": {"PROBE": "from the job"}})
    assert yard.ends(run) == "Completed"
    log = yard.logged(run, "Finished in state Completed()")
    assert "PROBE is from the job" in log
    flow_run = yard.read(run)
    pid = flow_run.infrastructure_pid
    # A session of its own, led by the process whose id the server was told.
    assert f"session {pid}, process {pid}" in log
    gone(int(pid or 0))
    assert yard.states(run) == ["Scheduled", "Pending", "Submitting", "Running", "Completed"]


def test_the_next_run_does_not_import_again(yard: Yard, worker: WorkerProcess) -> None:
    run = yard.submit("three_steps")
    assert yard.ends(run) == "Completed"
    at = {state.name: state.timestamp for state in yard.client.read_flow_run_states(run)}
    print(
        f"scheduled to running {(at['Running'] - at['Scheduled']).total_seconds():.2f} s,"
        f" submitting to running {(at['Running'] - at['Submitting']).total_seconds():.2f} s,"
        f" in all {(at['Completed'] - at['Scheduled']).total_seconds():.2f} s"
    )
    forkserver = forkserver_of(worker)
    assert len(list(Path(f"/proc/{forkserver}/task").iterdir())) == 1, "a forkserver with threads"


def test_a_job_environment_may_change_prefect_settings(yard: Yard, worker: WorkerProcess) -> None:
    run = yard.submit("three_steps", job_variables={"env": {"PREFECT_LOGGING_LEVEL": "DEBUG"}})
    assert yard.ends(run) == "Completed"
    yard.logged(run, "Created task run")
    quiet = yard.submit("three_steps")
    assert yard.ends(quiet) == "Completed"
    assert "Created task run" not in yard.logged(quiet, "Finished in state Completed()")


def test_output_can_be_discarded_and_the_folder_chosen(yard: Yard, worker: WorkerProcess, tmp_path: Path) -> None:
    variables = {"working_dir": str(tmp_path), "stream_output": False}
    run = yard.submit("three_steps", job_variables=variables)
    assert yard.ends(run) == "Completed"
    text = f"folder is {tmp_path}, session"
    yard.logged(run, text)
    assert text not in worker.log.read_text()


def test_an_asynchronous_flow_completes(yard: Yard, worker: WorkerProcess) -> None:
    assert yard.ends(yard.submit("asynchronous")) == "Completed"


def test_a_failing_flow_is_failed_and_not_crashed(yard: Yard, worker: WorkerProcess) -> None:
    run = yard.submit("fails")
    assert yard.ends(run) == "Failed"
    yard.logged(run, "this flow always fails")
    gone(int(yard.read(run).infrastructure_pid or 0))
    assert yard.states(run)[-1] == "Failed"


def test_a_flow_is_retried(yard: Yard, worker: WorkerProcess, tmp_path: Path) -> None:
    run = yard.submit("fails_once", folder=str(tmp_path))
    assert yard.ends(run) == "Completed"
    assert "AwaitingRetry" in yard.states(run)


def test_a_flow_that_outlasts_its_timeout_is_timed_out(yard: Yard, worker: WorkerProcess) -> None:
    assert yard.ends(yard.submit("outlasts_its_time")) == "TimedOut"


def test_a_suspended_run_leaves_and_comes_back(yard: Yard, worker: WorkerProcess) -> None:
    run = yard.submit("suspends")
    yard.reaches(run, "Suspended")
    gone(int(yard.read(run).infrastructure_pid or 0))
    assert yard.state(run) == "Suspended"
    yard.client.resume_flow_run(run)
    assert yard.ends(run) == "Completed"


def test_a_module_that_is_not_there_is_a_crash_with_its_reason(yard: Yard, worker: WorkerProcess) -> None:
    run = yard.submit("no_such_flow")
    assert yard.ends(run) == "Crashed"
    yard.logged(run, "no_such_flow")


def test_a_folder_that_is_not_there_is_a_crash_with_its_reason(yard: Yard, worker: WorkerProcess) -> None:
    run = yard.submit("three_steps", job_variables={"working_dir": "/no/such/folder"})
    assert yard.ends(run) == "Crashed"
    message = yard.read(run).state
    assert message is not None
    assert "/no/such/folder" in (message.message or "")


def test_a_killed_run_is_crashed_and_its_hook_runs(yard: Yard, worker: WorkerProcess, tmp_path: Path) -> None:
    run = yard.submit("waits", folder=str(tmp_path))
    pid = pid_in(tmp_path)
    os.kill(pid, signal.SIGKILL)
    begun = time.monotonic()
    assert yard.ends(run) == "Crashed"
    print(f"crashed {time.monotonic() - begun:.2f} s after the kill")
    hook = until(lambda: _content(tmp_path / "crashed"), "the crash hook ran", seconds=SOON)
    assert int(hook) not in {pid, worker.process.pid}
    gone(pid)


def test_a_cancelled_run_is_cancelled_soon_and_its_hook_runs(yard: Yard, worker: WorkerProcess, tmp_path: Path) -> None:
    run = yard.submit("waits", folder=str(tmp_path))
    pid = pid_in(tmp_path)
    begun = time.monotonic()
    yard.cancel(run)
    assert yard.ends(run) == "Cancelled"
    print(f"cancelled after {time.monotonic() - begun:.2f} s")
    until(lambda: _content(tmp_path / "cancelled"), "the cancellation hook ran", seconds=SOON)
    assert not (tmp_path / "crashed").exists()
    gone(pid)
    assert "Crashed" not in yard.states(run)


def test_a_run_that_is_cancelled_before_it_is_running_is_cancelled_and_not_crashed(
    yard: Yard, worker: WorkerProcess, tmp_path: Path
) -> None:
    variables = {"env": {"SLOW_IMPORT": str(tmp_path)}}
    run = yard.submit("slow_to_import", module="worker_flow_slow_to_import", job_variables=variables)
    pid = pid_in(tmp_path)
    until(lambda: yard.read(run).infrastructure_pid, "the server knows the process", seconds=SOON)
    yard.cancel(run)
    assert yard.ends(run) == "Cancelled"
    gone(pid)
    until((tmp_path / "cancelled").exists, "the cancellation hook ran", seconds=SOON)
    assert not (tmp_path / "crashed").exists()
    assert "Crashed" not in yard.states(run)


def test_a_run_that_ignores_its_cancellation_is_killed_after_the_grace(
    yard: Yard, worker: WorkerProcess, tmp_path: Path
) -> None:
    run = yard.submit("will_not_end", folder=str(tmp_path), job_variables={"grace_seconds": 1})
    pid = pid_in(tmp_path)
    begun = time.monotonic()
    yard.cancel(run)
    assert yard.ends(run) == "Cancelled"
    print(f"killed and cancelled after {time.monotonic() - begun:.2f} s")
    gone(pid)
    assert (tmp_path / "cancelled").exists()
    assert "Crashed" not in yard.states(run)


def test_a_forkserver_that_dies_is_replaced_and_its_runs_go_on(yard: Yard, worker: WorkerProcess, tmp_path: Path) -> None:
    running = yard.submit("waits", folder=str(tmp_path))
    pid = pid_in(tmp_path)
    os.kill(forkserver_of(worker), signal.SIGKILL)
    assert yard.ends(yard.submit("three_steps")) == "Completed"
    assert yard.state(running) == "Running"
    (tmp_path / "go").touch()
    assert yard.ends(running) == "Completed"
    gone(pid)


def test_another_command_can_be_run_in_place_of_a_fork(yard: Yard, worker: WorkerProcess) -> None:
    run = yard.submit("three_steps", job_variables={"command": f"{sys.executable} -m prefect.engine"})
    assert yard.ends(run, seconds=180) == "Completed"


def test_the_worker_holds_nothing_of_runs_that_are_over(yard: Yard, worker: WorkerProcess) -> None:
    def descriptors() -> int:
        return len(list(Path(f"/proc/{worker.process.pid}/fd").iterdir()))

    def run_some() -> None:
        for run in [yard.submit("three_steps") for _ in range(3)]:
            assert yard.ends(run) == "Completed"
        until(lambda: len(children(forkserver_of(worker))) == 0, "all runs' processes are reaped", seconds=SOON)

    run_some()
    before = descriptors()
    run_some()
    until(lambda: descriptors() <= before, "no descriptor is left open", seconds=SOON)


def test_a_worker_starts_no_more_runs_than_its_limit(
    workers: Workers, prefect_client: SyncPrefectClient, pool: str, tmp_path: Path
) -> None:
    yard = Yard(prefect_client, f"{pool}-limited")
    with workers.start(yard.pool, "limited", "--type", "dockyard", "--limit", "1"):
        folders = [tmp_path / "first", tmp_path / "second"]
        for folder in folders:
            folder.mkdir()
        first = yard.submit("waits", folder=str(folders[0]))
        pid_in(folders[0])
        second = yard.submit("waits", folder=str(folders[1]))
        # The server calls it late: by then the worker has asked for runs a dozen times and held back.
        yard.reaches(second, "Late", seconds=SOON)
        assert not (folders[1] / "started").exists()
        (folders[0] / "go").touch()
        (folders[1] / "go").touch()
        assert yard.ends(first) == "Completed"
        assert yard.ends(second) == "Completed"


def test_a_run_outlives_a_killed_worker(
    workers: Workers, prefect_client: SyncPrefectClient, pool: str, tmp_path: Path
) -> None:
    yard = Yard(prefect_client, f"{pool}-killed")
    with workers.start(yard.pool, "killed", "--type", "dockyard") as worker:
        run = yard.submit("waits", folder=str(tmp_path))
        pid = pid_in(tmp_path)
        worker.process.kill()
        worker.process.wait()
        assert Path(f"/proc/{pid}").exists()
        (tmp_path / "go").touch()
        assert yard.ends(run) == "Completed"
        gone(pid)
        yard.logged(run, "went on")


def test_a_worker_that_is_stopped_stops_its_runs(
    workers: Workers, prefect_client: SyncPrefectClient, pool: str, tmp_path: Path
) -> None:
    yard = Yard(prefect_client, f"{pool}-stopped")
    folders = [tmp_path / "willing", tmp_path / "unwilling"]
    for folder in folders:
        folder.mkdir()
    with workers.start(yard.pool, "stopped", "--type", "dockyard") as worker:
        runs = [
            yard.submit("waits", folder=str(folders[0])),
            yard.submit("will_not_end", folder=str(folders[1]), job_variables={"grace_seconds": 1}),
        ]
        pids = [pid_in(folder) for folder in folders]
        worker.process.terminate()
        assert [yard.ends(run) for run in runs] == ["Crashed", "Crashed"]
        for pid in pids:
            gone(pid)
        worker.process.wait(SOON)


def test_a_process_pool_runs_the_same_deployments(workers: Workers, prefect_client: SyncPrefectClient, pool: str) -> None:
    yard = Yard(prefect_client, f"{pool}-process")
    with workers.start(yard.pool, "process", "--type", "process"):
        run = yard.submit("three_steps", job_variables={"env": {"PROBE": "from the job"}})
        assert yard.ends(run, seconds=180) == "Completed"
        assert "PROBE is from the job" in yard.logged(run, "Finished in state Completed()")
