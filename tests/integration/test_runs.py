"""Runs on a real Prefect server, as the command line sees them."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from prefect.client.schemas.actions import LogCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed, Failed, Running
from typer.testing import CliRunner, Result

from flows.errors import InvalidInputError
from flows.people import Via
from flows.reports import archive
from flows.run_workflow import run_workflow
from flows.service import Caller, RunHandle, Runs, RunState, StartRequest
from flows.settings import RuntimeName, Settings, settings
from ui.cli.main import app

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

pytestmark = pytest.mark.prefect


@pytest.fixture
def known(tmp_path: Path, prefect_server: str) -> Runs:
    """Runs whose deployments go to a work pool of the test's own, without patience."""
    pool = f"pool-{uuid4().hex[:8]}"
    config = Settings(state_dir=tmp_path / "state", work_pool=pool, work_pool_type="process", local_roots=(tmp_path,))
    return Runs(config, patience=0)


@pytest.fixture
def handle(known: Runs, tmp_path: Path, prefect_client: SyncPrefectClient) -> RunHandle:
    """A run that nobody takes."""
    (tmp_path / "repository").mkdir()
    with contextlib.suppress(ObjectNotFound):  # one that another test left stays in its own work pool
        prefect_client.delete_deployment(prefect_client.read_deployment_by_name("dockyard/health-check").id)
    started = known.start(StartRequest(workflow="health-check", repository=str(tmp_path / "repository")))
    found = prefect_client.read_flow_run(started.id)
    assert found.deployment_id is not None
    return started


def dockyard(*arguments: str) -> Result:
    """Run the command in this process, on a narrow terminal."""
    return CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}).invoke(app, list(arguments))


def waits_for(known: Runs, handle: RunHandle) -> str:
    """Why the run does not begin, at the moment."""
    return next(known.watch(handle.id)).waits_for


def test_a_run_that_nobody_takes_says_so_and_how_to_start_a_worker(
    known: Runs, handle: RunHandle, prefect_client: SyncPrefectClient
) -> None:
    pool = known.get(handle.id).work_pool
    assert pool is not None
    told = waits_for(known, handle)
    assert told.startswith(f"no worker polls the work pool '{pool}'")
    assert told.endswith(f"`prefect worker start --pool {pool}`")
    prefect_client.update_work_pool(pool, WorkPoolUpdate(is_paused=True))
    assert waits_for(known, handle) == f"the work pool '{pool}' is paused; `prefect work-pool resume {pool}`"
    prefect_client.update_work_pool(pool, WorkPoolUpdate(is_paused=False))
    prefect_client.send_worker_heartbeat(pool, "somebody", heartbeat_interval_seconds=30)
    assert waits_for(known, handle) == ""
    prefect_client.delete_work_pool(pool)
    assert "`dockyard deploy`" in waits_for(known, handle)


def test_patience_comes_first(known: Runs, handle: RunHandle) -> None:
    calm = Runs(known._settings)
    assert waits_for(calm, handle) == ""
    assert calm.get(handle.id).state is RunState.PENDING


def test_a_run_that_has_not_begun_is_cancelled_at_once(known: Runs, handle: RunHandle) -> None:
    done = dockyard("cancel", handle.name)
    assert (done.exit_code, done.stdout) == (0, f"Cancelled {handle.name}.\n"), done.stderr
    assert known.get(handle.id).state is RunState.CANCELLED
    again = dockyard("cancel", str(handle.id))
    assert (again.exit_code, again.stderr) == (2, f"dockyard: {handle.name} has ended already: cancelled\n")
    assert dockyard("cancel", "nobody").exit_code == 2


def test_a_cancel_that_comes_too_late_says_so(known: Runs, handle: RunHandle, prefect_client: SyncPrefectClient) -> None:
    prefect_client.set_flow_run_state(handle.id, Running(), force=True)

    def end() -> None:  # as a worker would that had the run's last word already
        while known.get(handle.id).state is not RunState.CANCELLING:
            time.sleep(0.05)
        prefect_client.set_flow_run_state(handle.id, Completed(), force=True)

    thread = threading.Thread(target=end)
    prefect_client.update_flow_run(handle.id, infrastructure_pid="somewhere:1")
    thread.start()
    done = dockyard("cancel", handle.name)
    thread.join()
    assert done.exit_code == 1
    assert f"dockyard: {handle.name} completed before it could be cancelled" in done.stderr


def test_runs_shows_names_whole_on_a_narrow_terminal(handle: RunHandle) -> None:
    done = dockyard("runs")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith(f"{handle.name} ")]
    assert line.split()[1] == "pending"
    assert line.split()[-2:] == ["health-check", handle.repository]  # whole, however wide other runs make a column


TELL = """\
name: tell
nodes: [{id: tell, agent: notifier, inputs: {message: hello}}]
"""


def test_a_report_says_what_the_run_did_not_see_and_what_does_not_protect(
    known: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "changed"
    folder.mkdir()
    (folder / "app.py").write_text("x = 1\n", encoding="utf-8")
    author = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    for command in (["init", "--quiet"], ["add", "."], [*author, "commit", "--quiet", "-m", "one"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    (folder / "app.py").write_text("x = 2\n", encoding="utf-8")
    monkeypatch.setenv("DOCKYARD_STATE_DIR", str(tmp_path / "state"))
    settings.cache_clear()
    state = run_workflow(repository=str(folder), workflow=TELL, runtime=RuntimeName.LOCAL, return_state=True)
    settings.cache_clear()
    notices = archive.load(state.state_details.flow_run_id).notices
    assert "uncommitted changes; they are not part" in notices[0]
    assert "not a security boundary" in notices[1]


def test_the_same_key_starts_one_run_and_another_caller_gets_one_of_their_own(known: Runs, tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    request = StartRequest(workflow="health-check", repository=str(tmp_path / "repository"))
    alice, bob = (Runs(known._settings, Caller(name=name, via=Via.API)) for name in ("alice", "bob"))
    first = alice.start(request, idempotency_key="build-17")
    assert alice.start(request, idempotency_key="build-17").id == first.id
    assert bob.start(request, idempotency_key="build-17").id != first.id
    assert alice.start(request, idempotency_key="build-18").id != first.id


def test_a_failed_run_is_tried_again_and_one_that_did_not_fail_is_not(
    known: Runs, handle: RunHandle, prefect_client: SyncPrefectClient
) -> None:
    assert dockyard("retry", handle.name).stderr == f"dockyard: {handle.name} has not ended: it is pending\n"
    prefect_client.set_flow_run_state(handle.id, Failed(), force=True)
    bob = Runs(known._settings, Caller(name="bob", via=Via.PAGE))
    assert bob.retry(handle.id).state is RunState.PENDING
    assert known.get(handle.id).message == "Tried again by bob (page)"
    prefect_client.set_flow_run_state(handle.id, Completed(), force=True)
    with pytest.raises(InvalidInputError, match="succeeded; start a new run"):
        known.retry(handle.id)


def test_logs_are_harmless_to_print(known: Runs, handle: RunHandle, prefect_client: SyncPrefectClient) -> None:
    at = datetime.now(UTC)
    said = ("one\ntwo", "https://me:secret@example.org \x1b[2J")
    prefect_client.create_logs(
        [
            LogCreate(name="run", level=20, message=text, timestamp=at + timedelta(seconds=n), flow_run_id=handle.id)
            for n, text in enumerate(said)
        ]
    )
    lines = known.logs(handle.id)
    assert [line.text for line in lines] == ["one\ntwo", r"https://example.org \x1b[2J"]
    assert [line.text for line in known.logs(handle.id, after=lines[0].at, offset=0)][-1:] == [lines[1].text]
    assert [line.text for line in known.logs(handle.id, offset=1, limit=1)] == [lines[1].text]
    printed = dockyard("logs", handle.name).stdout
    assert all(word in printed for word in ("INFO", "two"))
    assert "secret" not in printed
