"""The worker type without a server: its template, its job, its forkserver and its children."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.workers.base import BaseWorker

from flows.errors import UnavailableError
from flows.worker import DockyardJobConfiguration, DockyardWorker
from flows.worker.child import Errand, Surroundings
from flows.worker.preload import preload
from flows.worker.process import ForkedProcess, fork, start_forkserver


def test_prefect_finds_the_type_through_the_entry_point() -> None:
    assert BaseWorker.get_worker_class_from_type("dockyard") is DockyardWorker


def test_every_variable_has_a_title_and_a_description_and_reaches_the_job() -> None:
    template = DockyardWorker.get_default_base_job_template()
    variables = template["variables"]["properties"]
    assert set(variables) == set(template["job_configuration"])
    for name, schema in variables.items():
        assert schema["title"], name
        assert schema["description"], name
        assert template["job_configuration"][name] == f"{{{{ {name} }}}}"


def test_the_defaults_of_the_template_make_a_job() -> None:
    template = DockyardWorker.get_default_base_job_template()
    # What the class method gives is untyped in Prefect.
    job: DockyardJobConfiguration = asyncio.run(
        DockyardJobConfiguration.from_template_and_values(
            template,
            {"env": {"A": 1}, "grace_seconds": 2.5, "working_dir": "/srv"},
            client=PrefectClient("http://127.0.0.1:9/api"),  # nothing listens there, and nobody asks
        )
    )
    assert job.env == {"A": "1"}
    assert job.grace_seconds == 2.5
    assert job.working_dir == Path("/srv")
    assert job.stream_output


def test_the_job_environment_lies_over_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "worker")
    monkeypatch.setenv("CHANGED", "worker")
    flow_run = FlowRun(id=uuid4(), flow_id=uuid4(), name="brave-goose")
    job = DockyardJobConfiguration(env={"CHANGED": "job"})
    job.prepare_for_flow_run(flow_run, worker_name="w")
    assert job.env["KEPT"] == "worker"
    assert job.env["CHANGED"] == "job"
    assert job.env["PREFECT__FLOW_RUN_ID"] == str(flow_run.id)
    assert job.env["PREFECT__WORKER_NAME"] == "w"
    assert job.env["PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS"] == "false"
    assert not job.has_own_command


@pytest.mark.parametrize(("variable", "expected"), [(None, "30"), ("45", "45")])
def test_a_run_gives_signs_of_life_as_often_as_is_set_or_as_prefect_was_told(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, expected: str
) -> None:
    monkeypatch.delenv("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", raising=False)
    if variable is not None:
        monkeypatch.setenv("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", variable)
    job = DockyardJobConfiguration()
    job.prepare_for_flow_run(FlowRun(id=uuid4(), flow_id=uuid4(), name="brave-goose"))
    assert job.env["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == expected


def test_a_command_is_its_own_only_when_somebody_asked_for_it() -> None:
    flow_run = FlowRun(id=uuid4(), flow_id=uuid4(), name="brave-goose")
    job = DockyardJobConfiguration(command="python -m prefect.engine")
    job.prepare_for_flow_run(flow_run)
    assert job.has_own_command


def test_a_module_that_cannot_be_imported_is_reported_and_the_others_are_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "preload_broken.py").write_text("1 / 0")
    (tmp_path / "preload_fine.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    problems = preload(["preload_broken", "preload_absent", "preload_fine"])
    assert [problem.split(":")[0] for problem in problems] == [
        "cannot preload preload_broken",
        "cannot preload preload_absent",
    ]
    assert "preload_fine" in sys.modules


def test_a_thread_that_preloading_leaves_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "preload_thread.py").write_text(
        "import threading\nend = threading.Event()\n"
        "thread = threading.Thread(target=end.wait, name='left-behind')\nthread.start()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        (problem,) = preload(["preload_thread"])
    finally:
        module = sys.modules["preload_thread"]
        module.end.set()
        module.thread.join()
    assert "left-behind" in problem


# --- what children do: functions of a module that a child can import -------------------------------------


def describe(file: str) -> None:
    """Write down what the process looks like from inside."""
    threads = [thread.name for thread in threading.enumerate()]
    lines = [
        os.environ.get("PROBE", ""),
        os.environ.get("HOME", "no home"),
        str(Path.cwd()),
        str(os.getsid(0) == os.getpid() == os.getpgid(0)),
        str(threads),
        sys.path[0],
        os.environ["PATH"],
    ]
    Path(file).write_text("\n".join(lines))


def leave_with(status: str) -> None:
    sys.exit(int(status))


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def wait_for(file: str) -> None:
    """Say that it has begun, then wait for ever, children included."""
    if os.fork() == 0:
        signal.pause()
    Path(file).write_text("begun")
    signal.pause()


def refuse_to_end(file: str) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(file).write_text("begun")
    while True:
        signal.pause()


def leave_things_for_the_exit(folder: str) -> None:
    """A thread that is not done, and a temporary folder that goes at exit."""
    keep = tempfile.TemporaryDirectory(dir=folder)
    globals()["kept"] = keep
    done = Path(folder) / "thread-done"
    threading.Timer(0.3, done.touch).start()


# ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def _forkserver() -> None:
    start_forkserver()


@pytest.fixture
def surroundings(tmp_path: Path, _forkserver: None) -> Surroundings:
    return Surroundings({**os.environ, "PROBE": "probed", "PREFECT_HOME": str(tmp_path / "home")}, tmp_path)


async def _begun(file: Path) -> None:
    async with asyncio.timeout(60):
        while not file.exists():
            await asyncio.sleep(0.02)


def _run(surroundings: Surroundings, function: object, *arguments: str) -> int:
    async def run() -> int:
        child = await fork(surroundings, Errand(function, arguments), grace_seconds=5)  # type: ignore[arg-type]
        return await child.watch()

    return asyncio.run(run())


def test_a_child_stands_in_its_surroundings(surroundings: Surroundings, tmp_path: Path) -> None:
    environment = {"PROBE": "probed", "PATH": "/bin", "PREFECT_HOME": str(tmp_path / "home")}
    file = tmp_path / "described"
    assert _run(Surroundings(environment, tmp_path), describe, str(file)) == 0
    assert file.read_text().splitlines() == [
        "probed",
        "no home",
        str(tmp_path),
        "True",
        "['MainThread']",
        "",
        "/bin",
    ]


@pytest.mark.parametrize("status", [0, 3])
def test_an_exit_status_comes_back(surroundings: Surroundings, status: int) -> None:
    assert _run(surroundings, leave_with, str(status)) == status


def test_a_signal_comes_back_as_a_negative_status(surroundings: Surroundings) -> None:
    assert _run(surroundings, be_killed) == -signal.SIGKILL


def test_a_child_leaves_as_an_interpreter_does(surroundings: Surroundings, tmp_path: Path) -> None:
    folder = tmp_path / "left"
    folder.mkdir()
    assert _run(surroundings, leave_things_for_the_exit, str(folder)) == 0
    assert [path.name for path in folder.iterdir()] == ["thread-done"]


def test_a_folder_that_is_not_there_is_told(surroundings: Surroundings, tmp_path: Path) -> None:
    elsewhere = Surroundings(surroundings.environment, tmp_path / "nowhere")
    with pytest.raises(UnavailableError, match="nowhere"):
        _run(elsewhere, leave_with, "0")


def test_a_setting_that_is_none_is_told(surroundings: Surroundings, tmp_path: Path) -> None:
    wrong = Surroundings({**surroundings.environment, "PREFECT_API_REQUEST_TIMEOUT": "soon"}, tmp_path)
    with pytest.raises(UnavailableError, match="soon"):
        _run(wrong, leave_with, "0")


@pytest.mark.parametrize(
    ("function", "grace", "status"), [(wait_for, 60, -signal.SIGTERM), (refuse_to_end, 0.2, -signal.SIGKILL)]
)
def test_stopping_ends_the_whole_group(
    surroundings: Surroundings, tmp_path: Path, function: object, grace: float, status: int
) -> None:
    file = tmp_path / "begun"

    async def run() -> ForkedProcess:
        child = await fork(surroundings, Errand(function, (str(file),)), grace_seconds=grace)  # type: ignore[arg-type]
        async with asyncio.TaskGroup() as group:
            group.create_task(child.watch())
            await _begun(file)
            await child.stop()
        return child

    child = asyncio.run(run())
    assert child.returncode == status
    assert not child.is_alive(child.pid)
    # Signals have been sent, not yet taken by each member. In the end none is left but such as wait for init to reap them.
    deadline = time.monotonic() + 30
    while any(state != "Z" for state in _states_in_group(child.pid)):
        assert time.monotonic() < deadline, _states_in_group(child.pid)
        time.sleep(0.01)


def test_a_cancelled_child_has_not_crashed(surroundings: Surroundings, tmp_path: Path) -> None:
    file = tmp_path / "begun"

    async def run() -> int | None:
        child = await fork(surroundings, Errand(wait_for, (str(file),)), grace_seconds=60)
        async with asyncio.TaskGroup() as group:
            group.create_task(child.watch())
            await _begun(file)
            await child.cancel()
        return child.returncode

    assert asyncio.run(run()) == 0


def test_a_dead_forkserver_is_replaced_and_its_child_lives_on(surroundings: Surroundings, tmp_path: Path) -> None:
    file = tmp_path / "begun"

    async def run() -> None:
        child = await fork(surroundings, Errand(wait_for, (str(file),)), grace_seconds=60)
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(child.watch())
            await _begun(file)
            os.kill(_parent_of(child.pid), signal.SIGKILL)
            second = await fork(surroundings, Errand(leave_with, ("0",)), grace_seconds=60)
            assert await second.watch() == 0
            assert not watch.done()
            await child.stop()

    asyncio.run(run())


def test_children_leave_no_descriptor_open(surroundings: Surroundings) -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    _run(surroundings, leave_with, "0")
    before = descriptors()
    for _ in range(5):
        _run(surroundings, leave_with, "0")
    assert descriptors() <= before


def _stat(pid: int) -> list[str]:
    """State, parent, group … of a process (proc(5))."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _parent_of(pid: int) -> int:
    return int(_stat(pid)[1])


def _states_in_group(group: int) -> list[str]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                state, _, its_group, *_ = _stat(int(folder.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(its_group) == group:
                found.append(state)
    return found
