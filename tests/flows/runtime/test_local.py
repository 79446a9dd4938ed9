"""Agents in child processes: real ones, with and without bubblewrap."""

from __future__ import annotations

import ast
import fcntl
import io
import logging
import os
import shutil
import socket
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agents.contract.manifest import Isolation
from agents.contract.schema import RunInfo
from flows.errors import DockyardError, NodeFailedError, NodeTimedOutError
from flows.runtime import Execution, Job, local
from flows.runtime.local import LocalRuntime
from flows.runtime.seal import seal
from tests.conftest import missing
from tests.flows.runtime.acting import MANIFEST, Act, ActingManifest, ActingReport

MIB = 1024 * 1024


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    """A tree with two files, links that lead out of it, and a file to lock."""
    path = tmp_path / "workspace.tar"
    with tarfile.open(path, "w") as archive:
        for name in ("app.py", "deep/er.py", "lock"):
            member = tarfile.TarInfo(name)
            member.size = 4
            archive.addfile(member, io.BytesIO(b"x=1\n"))
        for name, kind in (("outside", tarfile.SYMTYPE), ("inside", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE)):
            member = tarfile.TarInfo(name)
            member.type = kind
            member.linkname = "app.py" if name != "outside" else "/etc/passwd"
            archive.addfile(member)
    return path


@pytest.fixture(params=["sealed", "bare"])
def runtime(
    request: pytest.FixtureRequest, tar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LocalRuntime]:
    """A staged runtime, once under bubblewrap and once where there is none."""
    if request.param == "sealed" and seal() is None:
        missing("bubblewrap that works")
    if request.param == "bare":
        seal.cache_clear()
        monkeypatch.setenv("PATH", str(tmp_path))
    with LocalRuntime(tmp_path / "state", "run-1", 2 * MIB) as opened:
        monkeypatch.undo()
        opened.stage(tar)
        yield opened
    seal.cache_clear()


@pytest.fixture
def sealed(tar: Path, tmp_path: Path) -> Iterator[LocalRuntime]:
    """A staged runtime under bubblewrap."""
    if seal() is None:
        missing("bubblewrap that works")
    with LocalRuntime(tmp_path / "state", "run-1", 2 * MIB) as opened:
        opened.stage(tar)
        yield opened


def ask(
    runtime: LocalRuntime,
    act: Act,
    text: str = "",
    *,
    timeout: float = 60.0,
    log: Callable[[int, str], None] | None = None,
    manifest: ActingManifest = MANIFEST,
) -> Execution:
    """Run the acting agent."""
    heard = log or (lambda _level, _line: None)
    return runtime.run(Job(manifest, {"act": act.value, "text": text}, RunInfo(run="run-1", node="act"), timeout, heard))


def report(execution: Execution) -> ActingReport:
    """The acting agent's report."""
    assert execution.result.failure is None, execution.result.failure
    return ActingReport.model_validate(execution.result.report)


def folders(tmp_path: Path) -> list[Path]:
    """What the runtime keeps on disk."""
    return list((tmp_path / "state" / "workspaces").iterdir())


def workspace(tmp_path: Path) -> Path:
    """The staged tree."""
    (home,) = folders(tmp_path)
    return home / "workspace"


def test_gives_the_agents_report(runtime: LocalRuntime) -> None:
    execution = ask(runtime, Act.LOOK)
    assert report(execution).files == ("app.py", "deep/er.py", "lock")
    assert (execution.result.agent, execution.result.version, execution.image) == ("acting", "1.2.3", "")
    assert execution.seconds > 0


def test_runs_one_after_the_other(runtime: LocalRuntime) -> None:
    assert report(ask(runtime, Act.LOOK)).files == report(ask(runtime, Act.LOOK)).files


def test_passes_the_agents_log_on(runtime: LocalRuntime) -> None:
    heard: list[tuple[int, str]] = []
    ask(runtime, Act.LOG, "ünïcode", log=lambda level, line: heard.append((level, line)))
    assert heard == [(logging.INFO, "seen: ünïcode"), (logging.WARNING, "careful")]


def test_an_agents_own_failure_comes_back_as_one(runtime: LocalRuntime) -> None:
    failure = ask(runtime, Act.FAIL, "no licence here").result.failure
    assert failure is not None
    assert (failure.code, failure.message) == ("agent-failed", "no licence here")


def test_an_exception_comes_back_as_a_crash_with_its_trace_in_the_log(runtime: LocalRuntime) -> None:
    heard: list[str] = []
    failure = ask(runtime, Act.CRASH, "by zero", log=lambda _level, line: heard.append(line)).result.failure
    assert failure is not None
    assert (failure.code, failure.message) == ("crash", "ZeroDivisionError: by zero")
    assert any(line.startswith("Traceback") for line in heard)


def test_a_process_that_dies_is_a_failed_node_with_its_last_words(runtime: LocalRuntime) -> None:
    with pytest.raises(NodeFailedError, match=r"acting gave no result \(exit code 7\): my last words"):
        ask(runtime, Act.DIE)


def test_nonsense_is_a_failed_node(runtime: LocalRuntime) -> None:
    with pytest.raises(NodeFailedError, match="not of the contract"):
        ask(runtime, Act.PRINT, "I am not JSON")
    with pytest.raises(NodeFailedError, match="2 lines instead of one result"):
        ask(runtime, Act.PRINT, "one\ntwo")


def test_time_over_ends_it(runtime: LocalRuntime) -> None:
    with pytest.raises(NodeTimedOutError, match=r"acting did not finish within 1\.5 s and was ended"):
        ask(runtime, Act.HANG, timeout=1.5)


@pytest.mark.timeout(90)
def test_time_over_ends_its_children_too(runtime: LocalRuntime, tmp_path: Path) -> None:
    heard: list[str] = []
    with pytest.raises(NodeTimedOutError):
        ask(runtime, Act.BREED, timeout=5, log=lambda _level, line: heard.append(line))
    assert heard == ["holding"]
    with (workspace(tmp_path) / "lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the last holder must be gone, or this waits for the test's end


@pytest.mark.timeout(90)
def test_what_an_agent_leaves_behind_ends_with_it(runtime: LocalRuntime, tmp_path: Path) -> None:
    report(ask(runtime, Act.LEAVE_A_CHILD))
    with (workspace(tmp_path) / "lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


@pytest.mark.parametrize("size", [2 * MIB, 64 * MIB])
def test_a_flood_is_a_failed_node(runtime: LocalRuntime, size: int) -> None:
    with pytest.raises(NodeFailedError, match="acting printed more than 2 MiB"):
        ask(runtime, Act.FLOOD, str(size))


def test_much_is_not_a_flood(runtime: LocalRuntime) -> None:
    assert len(report(ask(runtime, Act.FLOOD, str(MIB))).said) == MIB


def test_memory_is_limited(runtime: LocalRuntime) -> None:
    assert report(ask(runtime, Act.GROW, str(64 * MIB))).said == str(64 * MIB)
    failure = ask(runtime, Act.GROW, str(2200 * MIB)).result.failure  # the manifest allows 2048 MiB
    assert failure is not None
    assert failure.message.startswith("MemoryError")


def test_many_threads_start_agents_at_once(runtime: LocalRuntime) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(ask, runtime, Act.LOOK) for _ in range(16)]
        assert all(report(one.result()).files for one in found)


def test_nothing_runs_between_fork_and_exec() -> None:
    tree = ast.parse(Path(local.__file__).read_text(encoding="utf-8"))
    starts = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "subprocess.Popen"]
    assert len(starts) == 1
    assert "preexec_fn" not in {keyword.arg for keyword in starts[0].keywords}


def test_nothing_of_the_hubs_environment_reaches_it(runtime: LocalRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "PREFECT_API_KEY", "DOCKYARD_STATE_DIR", "PYTHONSTARTUP"):
        monkeypatch.setenv(name, "hunter2")
    seen = report(ask(runtime, Act.LOOK)).environment
    assert "hunter2" not in " ".join(seen.values())
    assert seen.keys() - {"LC_CTYPE", "PWD"} == {
        "PATH", "HOME", "TMPDIR", "LANG", "PYTHONPATH", "PYTHONSAFEPATH", "PYTHONDONTWRITEBYTECODE", "DOCKYARD_SEMGREP_HOME"
    }  # fmt: skip
    assert seen["HOME"] != os.environ.get("HOME")


def test_links_are_not_laid_out(runtime: LocalRuntime, tmp_path: Path) -> None:
    assert sorted(path.name for path in workspace(tmp_path).iterdir()) == ["app.py", "deep", "lock"]


@pytest.mark.parametrize("name", ["../escaped.txt", "/dockyard-escaped.txt", "deep/../../escaped.txt"])
def test_a_tree_that_leaves_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo(name), io.BytesIO(b""))
    with LocalRuntime(tmp_path / "state", "run-1", MIB) as opened:
        if name.startswith("/"):
            opened.stage(path)  # made relative
            assert (workspace(tmp_path) / name.lstrip("/")).exists()
        else:
            with pytest.raises(tarfile.OutsideDestinationError):
                opened.stage(path)
    assert not (tmp_path / "state" / "workspaces" / "escaped.txt").exists()
    assert not Path("/dockyard-escaped.txt").exists()


def test_closing_removes_the_folder_and_may_happen_twice(tar: Path, tmp_path: Path) -> None:
    opened = LocalRuntime(tmp_path / "state", "run-1", MIB)
    opened.stage(tar)
    assert len(folders(tmp_path)) == 1
    opened.close()
    opened.close()
    assert folders(tmp_path) == []
    with pytest.raises(DockyardError, match="no workspace is staged"):
        ask(opened, Act.LOOK)


def test_two_runs_do_not_share_a_folder(tar: Path, tmp_path: Path) -> None:
    with LocalRuntime(tmp_path / "state", "same", MIB) as one, LocalRuntime(tmp_path / "state", "same", MIB) as two:
        one.stage(tar)
        two.stage(tar)
        one.close()
        assert report(ask(two, Act.LOOK)).files == ("app.py", "deep/er.py", "lock")


def test_a_relative_state_folder_works(tar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with LocalRuntime(Path("state"), "run-1", 2 * MIB) as opened:
        opened.stage(tar)
        assert report(ask(opened, Act.LOOK)).files == ("app.py", "deep/er.py", "lock")


@pytest.mark.parametrize("isolation", [Isolation.CONTAINER, Isolation.GVISOR])
def test_an_agent_that_requires_isolation_is_refused(runtime: LocalRuntime, isolation: Isolation) -> None:
    strict = MANIFEST.model_copy(update={"isolation": isolation})
    with pytest.raises(NodeFailedError, match="requires isolation; it runs with the docker runtime only"):
        ask(runtime, Act.LOOK, manifest=strict)


def test_an_agent_that_needs_a_network_is_not_run_without(runtime: LocalRuntime) -> None:
    reaching = MANIFEST.model_copy(update={"network": ("example.org",)})
    with pytest.raises(NodeFailedError, match=r"asks for network to example\.org"):
        ask(runtime, Act.LOOK, manifest=reaching)


def test_it_says_that_it_is_no_boundary(runtime: LocalRuntime) -> None:
    assert runtime.notice is not None
    assert "not a security boundary" in runtime.notice


def test_sealed_it_reaches_no_network(sealed: LocalRuntime) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), timeout=5).close()  # from here it can be reached
        assert report(ask(sealed, Act.REACH_OUT, str(port))).said != "done"


@pytest.mark.parametrize("where", ["state", "workspace", "source", "var", "home"])
def test_sealed_it_writes_nowhere_but_in_its_tmp(sealed: LocalRuntime, tmp_path: Path, where: str) -> None:
    places = {
        "state": tmp_path / "state" / "written",
        "workspace": workspace(tmp_path) / "written",
        "source": Path(__file__).parent / "written",
        "var": Path("/var/dockyard-written"),
        "home": Path.home() / "dockyard-written",
    }
    # Read-only, or not there at all.
    assert report(ask(sealed, Act.WRITE, str(places[where]))).said in {"OSError", "FileNotFoundError"}
    assert not places[where].exists()


def test_it_can_write_in_its_tmp_which_goes_with_it(runtime: LocalRuntime, tmp_path: Path) -> None:
    seen = report(ask(runtime, Act.LOOK)).environment
    assert not Path(seen["TMPDIR"]).exists()
    assert Path(seen["TMPDIR"]).is_relative_to(tmp_path / "state")


def test_bubblewrap_that_does_not_work_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    seal.cache_clear()
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert shutil.which("bwrap") == str(broken)
    assert seal() is None
    seal.cache_clear()
