"""The Docker runtime on a real engine: results, limits, time, leftovers."""

from __future__ import annotations

import os
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from docker import DockerClient
from pydantic import JsonValue

from agents.catalog import catalog
from agents.contract.manifest import Isolation, Limits, Manifest
from agents.contract.schema import RunInfo
from flows.errors import NodeFailedError, NodeTimedOutError, UnavailableError
from flows.runtime import Job, sandbox
from flows.runtime.docker import DockerRuntime
from flows.workspace import check_out
from tests.conftest import missing

pytestmark = pytest.mark.engine
MIB = 1024 * 1024


class Scripted(Manifest):
    """A manifest whose container runs a module of the workspace instead of an agent of ours."""

    @property
    def module(self) -> str:
        return "probe"


def scripted(**limits: float) -> Manifest:
    base = catalog()["notifier"]
    known = {name: getattr(base, name) for name in Manifest.model_fields}
    return Scripted(**{**known, "limits": Limits.model_validate(limits)})


@pytest.fixture(scope="session")
def probe_image(engine: DockerClient, agent_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The agent image with one more module, which runs `probe.py` of the workspace."""
    context = tmp_path_factory.mktemp("probe")
    (context / "probe.py").write_text("import runpy\nrunpy.run_path('/workspace/probe.py', run_name='__main__')\n")
    (context / "Dockerfile").write_text(f"FROM {agent_image}\nCOPY probe.py /opt/dockyard/probe.py\n")
    image, _ = engine.images.build(path=str(context), rm=True, tag=f"dockyard-probe:{uuid4().hex}")
    yield image.id or ""
    engine.images.remove(image.id or "", force=True)


@pytest.fixture
def runtime(engine: DockerClient, probe_image: str) -> Iterator[DockerRuntime]:
    with DockerRuntime(engine, probe_image, str(uuid4()), 64 * MIB) as opened:
        yield opened


@pytest.fixture
def stage(tmp_path: Path) -> Callable[[DockerRuntime, str], None]:
    """Stage a workspace that holds `probe.py` with the given source."""

    def do(runtime: DockerRuntime, source: str) -> None:
        folder = tmp_path / "tree"
        folder.mkdir(exist_ok=True)
        (folder / "probe.py").write_text(source, encoding="utf-8")
        with tarfile.open(tmp_path / "tree.tar", "w") as tar:
            tar.add(folder, arcname=".")
        runtime.stage(tmp_path / "tree.tar")

    return do


def job(manifest: Manifest, params: dict[str, JsonValue], lines: list[str], timeout: float = 60) -> Job:
    run = RunInfo(run="r", node="probe", workflow="w")
    return Job(manifest=manifest, params=params, run=run, timeout=timeout, log=lambda _, line: lines.append(line))


ANSWER = """
import json, sys
def answer(report):
    print(json.dumps({"contract": 1, "agent": "notifier", "version": "0", "report": report}), flush=True)
request = json.loads(sys.stdin.readline())
"""


def test_an_agent_answers_from_its_container(runtime: DockerRuntime, stage: Callable[[DockerRuntime, str], None]) -> None:
    stage(runtime, "")
    execution = runtime.run(job(catalog()["notifier"], {"message": "hello", "channel": "console"}, []))
    assert execution.result.failure is None
    assert execution.result.report is not None
    assert "hello" in str(execution.result.report["text"])
    assert execution.image.startswith("sha256:")


def test_a_container_is_sealed(runtime: DockerRuntime, stage: Callable[[DockerRuntime, str], None]) -> None:
    source = (
        ANSWER
        + """
import os, pathlib, socket
def refused(action):
    try:
        action()
    except OSError as error:
        return error.strerror
    return None
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
answer({
    "uid": os.getuid(),
    "write_root": refused(lambda: pathlib.Path("/probe").write_text("x")),
    "write_workspace": refused(lambda: pathlib.Path("/workspace/x").write_text("x")),
    "write_tmp": refused(lambda: pathlib.Path("/tmp/x").write_text("x")),
    "network": refused(lambda: socket.create_connection(("192.0.2.1", 80), 3)),
    "interfaces": sorted(os.listdir("/sys/class/net")),
    "capabilities": [status[name].strip() for name in ("CapEff", "CapPrm", "CapBnd")],
    "no_new_privileges": status["NoNewPrivs"].strip(),
    "seccomp": status["Seccomp"].strip(),
    "hub_code": any(os.path.exists(f"/opt/dockyard/{name}") for name in ("flows", "ui", "blocks")),
})
"""
    )
    stage(runtime, source)
    report = runtime.run(job(scripted(), {}, [])).result.report
    assert report == {
        "uid": 10001,
        "write_root": "Read-only file system",
        "write_workspace": "Read-only file system",
        "write_tmp": None,
        "network": "Network is unreachable",
        "interfaces": ["lo"],
        "capabilities": ["0000000000000000"] * 3,
        "no_new_privileges": "1",
        "seccomp": "2",
        "hub_code": False,
    }


def test_odd_names_and_links_of_a_repository_are_inert(runtime: DockerRuntime, tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    source = ANSWER + (
        "from pathlib import Path\nfrom agents.contract.workspace import Workspace\n"
        "space = Workspace(Path('/workspace'))\n"
        "answer({'files': list(space.files()), 'read': [space.read_text(name) for name in ('out', 'up', 'etc/passwd')],\n"
        "        'notes': sorted({note.kind for note in space.notes})})\n"
    )
    (folder / "probe.py").write_text(source, encoding="utf-8")
    odd = ["a\\b", "..\\c", "new\nline", "esc\x1b[31m", "-rf", " ", "n" * 255]
    for name in [*odd, os.fsdecode(b"\xff\xfe")]:
        (folder / name).write_text("x", encoding="utf-8")
    for name, target in {
        "out": "/etc/passwd",
        "up": "../../etc/passwd",
        "etc": "/etc",
        "self": "self",
        "far": "x/" * 2000,
    }.items():
        (folder / name).symlink_to(target)
    checkout = check_out(str(folder), "HEAD", state_dir=tmp_path / "state", timeout=60)
    checkout.write_tar(tmp_path / "workspace.tar")
    runtime.stage(tmp_path / "workspace.tar")
    lines: list[str] = []
    said = runtime.run(job(scripted(), {}, lines)).result.report
    assert said is not None, lines
    assert said == {"files": sorted([*odd, "probe.py"]), "read": [None] * 3, "notes": ["link", "unreadable"]}


def test_params_of_megabytes_reach_the_agent(runtime: DockerRuntime, stage: Callable[[DockerRuntime, str], None]) -> None:
    stage(runtime, ANSWER + "answer({'length': len(request['params']['text'])})")
    report = runtime.run(job(scripted(), {"text": "x" * 5 * MIB}, [])).result.report
    assert report == {"length": 5 * MIB}


def test_a_result_of_tens_of_megabytes_arrives_whole(
    runtime: DockerRuntime, stage: Callable[[DockerRuntime, str], None]
) -> None:
    stage(runtime, ANSWER + f"answer({{'text': 'x' * {30 * MIB}}})")
    report = runtime.run(job(scripted(), {}, [])).result.report
    assert report is not None
    assert len(str(report["text"])) == 30 * MIB


def test_stderr_becomes_log_lines(runtime: DockerRuntime, stage: Callable[[DockerRuntime, str], None]) -> None:
    stage(runtime, ANSWER + "print('WARNING careful', file=sys.stderr)\nanswer({})")
    lines: list[str] = []
    runtime.run(job(scripted(), {}, lines))
    assert lines == ["careful"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import sys; sys.exit('out of ideas')", r"gave no result \(exit code 1\): out of ideas"),
        ("print('not json')", "not of the contract"),
        ("print('{}'); print('{}')", "2 lines instead of one result"),
        (ANSWER.replace("notifier", "patcher") + "answer({})", "gave a result of patcher"),
    ],
    ids=["crash", "nonsense", "answers-twice", "wrong-agent"],
)
def test_a_wrong_result_is_a_readable_failure(
    runtime: DockerRuntime, stage: Callable[[DockerRuntime, str], None], source: str, reason: str
) -> None:
    stage(runtime, source)
    with pytest.raises(NodeFailedError, match=reason):
        runtime.run(job(scripted(), {}, []))


def test_a_flood_on_stdout_is_ended(runtime: DockerRuntime, stage: Callable[[DockerRuntime, str], None]) -> None:
    stage(runtime, "import sys\nwhile True: sys.stdout.write('x' * 65536)")
    with pytest.raises(NodeFailedError, match="printed more than 64 MiB"):
        runtime.run(job(scripted(), {}, []))


def test_memory_beyond_the_limit_is_named(runtime: DockerRuntime, stage: Callable[[DockerRuntime, str], None]) -> None:
    stage(runtime, "held = []\nwhile True: held.append(bytearray(8 * 1024 * 1024))")
    with pytest.raises(NodeFailedError, match="more than its 64 MiB of memory"):
        runtime.run(job(scripted(memory_mb=64), {}, []))


def test_an_agent_that_ignores_signals_ends_with_its_time(
    engine: DockerClient, runtime: DockerRuntime, stage: Callable[[DockerRuntime, str], None]
) -> None:
    stage(
        runtime,
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(1)",
    )
    with pytest.raises(NodeTimedOutError, match="did not finish within 2 s"):
        runtime.run(job(scripted(), {}, [], timeout=2))
    assert containers(engine, runtime) == []


def test_closing_ends_what_still_runs(
    engine: DockerClient, probe_image: str, stage: Callable[[DockerRuntime, str], None]
) -> None:
    runtime = DockerRuntime(engine, probe_image, str(uuid4()), 64 * MIB)
    stage(runtime, "import time\nwhile True: time.sleep(1)")
    failed: list[Exception] = []

    def attempt() -> None:
        try:
            runtime.run(job(scripted(), {}, []))
        except (NodeFailedError, UnavailableError) as error:
            failed.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    deadline = time.monotonic() + 60
    while not running(engine, runtime):
        assert time.monotonic() < deadline, "the container did not start"
        time.sleep(0.05)
    runtime.close()
    thread.join(60)
    assert len(failed) == 1
    assert containers(engine, runtime) == []
    assert volumes(engine, runtime) == []


def test_leftovers_of_a_dead_run_are_removed_by_the_next(engine: DockerClient, agent_image: str) -> None:
    labels = {f"{sandbox.LABEL}.run": "dead", f"{sandbox.LABEL}.expires": str(int(time.time()) - 1)}
    engine.volumes.create("dockyard-dead", labels=labels)
    left = engine.containers.create(agent_image, ["probe"], labels=labels)
    with DockerRuntime(engine, agent_image, str(uuid4()), MIB):
        assert left.id not in [container.id for container in engine.containers.list(all=True)]
        assert "dockyard-dead" not in [volume.name for volume in engine.volumes.list()]


def test_a_repository_cannot_shadow_the_agents_modules(
    runtime: DockerRuntime, stage: Callable[[DockerRuntime, str], None], tmp_path: Path
) -> None:
    (tmp_path / "tree").mkdir()
    for name in ("json.py", "pydantic.py", "agents.py"):
        (tmp_path / "tree" / name).write_text("raise SystemExit('the repository was imported')")
    stage(runtime, "")
    execution = runtime.run(job(catalog()["notifier"], {"message": "hello", "channel": "console"}, []))
    assert execution.result.failure is None


def test_an_agent_that_needs_a_network_starts_no_container(runtime: DockerRuntime, engine: DockerClient) -> None:
    reaching = catalog()["notifier"].model_copy(update={"network": ("example.org",)})
    with pytest.raises(NodeFailedError, match=r"notifier asks for network to example\.org"):
        runtime.run(job(reaching, {"message": "hello"}, []))
    assert containers(engine, runtime) == []


def test_an_agent_that_requires_gvisor_is_refused_where_the_engine_has_none(
    runtime: DockerRuntime, engine: DockerClient, stage: Callable[[DockerRuntime, str], None]
) -> None:
    if sandbox.GVISOR in engine.info()["Runtimes"]:
        missing("an engine without gVisor")
    stage(runtime, "")
    strict = catalog()["notifier"].model_copy(update={"isolation": Isolation.GVISOR})
    with pytest.raises(NodeFailedError, match=r"requires isolation by gVisor.* has no runtime 'runsc' \(it has .*runc"):
        runtime.run(job(strict, {"message": "hello"}, []))
    assert containers(engine, runtime) == []


def test_a_setting_that_the_engine_keeps_otherwise_stops_the_run(
    runtime: DockerRuntime,
    engine: DockerClient,
    stage: Callable[[DockerRuntime, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage(runtime, "")
    real = sandbox.host_config

    def asking(*arguments: Any) -> Any:
        host = real(*arguments)
        host["SettingOfTomorrow"] = True  # what this engine doesn't know
        return host

    monkeypatch.setattr(sandbox, "host_config", asking)
    with pytest.raises(UnavailableError, match="does not hold these limits of the sandbox: SettingOfTomorrow"):
        runtime.run(job(catalog()["notifier"], {"message": "hello"}, []))
    assert containers(engine, runtime) == []


def test_a_missing_image_says_how_to_build_it(engine: DockerClient) -> None:
    with pytest.raises(UnavailableError, match="make images"):
        DockerRuntime(engine, "dockyard-agent:none", str(uuid4()), MIB)


def containers(engine: DockerClient, runtime: DockerRuntime) -> list[str]:
    return [c.name or "" for c in engine.containers.list(all=True, filters=_mine(runtime))]


def running(engine: DockerClient, runtime: DockerRuntime) -> bool:
    return bool(engine.containers.list(filters=_mine(runtime)))


def volumes(engine: DockerClient, runtime: DockerRuntime) -> list[str]:
    return [v.name or "" for v in engine.volumes.list(filters=_mine(runtime))]


def _mine(runtime: DockerRuntime) -> dict[str, str | list[str] | bool]:
    return {"label": f"{sandbox.LABEL}.run={runtime.run_id}"}
