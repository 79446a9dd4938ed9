"""Agents in child processes, where no engine answers. It limits accidents; it is no security boundary."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from agents.contract.manifest import Isolation, Limits
from agents.contract.schema import Result
from flows.errors import DockyardError, NodeFailedError, NodeFloodedError, NodeTimedOutError
from flows.runtime import limited
from flows.runtime.image import agent_image
from flows.runtime.interface import Execution, Job, Runtime
from flows.runtime.protocol import StderrLines, read_result, refuse_unmet, request_line
from flows.runtime.removal import remove_tree
from flows.runtime.seal import seal
from flows.settings import ROOT

CHUNK = 64 * 1024
MIB = 1024 * 1024


class LocalRuntime(Runtime):
    """One run's child processes and its workspace folder, under bubblewrap when that is present."""

    name = "local"
    notice = "The local runtime is not a security boundary: agents run as child processes on this machine."

    def __init__(self, state_dir: Path, run_id: str, max_result_bytes: int) -> None:
        self.image = f"local {agent_image()}"
        self._max_result_bytes = max_result_bytes
        self._seal = seal()
        parent = state_dir.resolve() / "workspaces"  # agents run in another folder
        parent.mkdir(parents=True, exist_ok=True)
        self._home = Path(tempfile.mkdtemp(prefix=f"{run_id}-", dir=parent))
        self._workspace: Path | None = None
        self._children: set[subprocess.Popen[bytes]] = set()

    def stage(self, tar: Path) -> None:
        workspace = self._home / "workspace"
        workspace.mkdir()
        with tarfile.open(tar) as archive:
            archive.extractall(workspace, filter=_member)  # noqa: S202 — the filter refuses what leaves the folder
        self._workspace = workspace

    def run(self, job: Job) -> Execution:
        refuse_unmet(job.manifest)
        if self._workspace is None:
            raise DockyardError("no workspace is staged")
        if job.manifest.isolation is not Isolation.ANY:
            raise NodeFailedError(f"{job.manifest.name} requires isolation; it runs with the docker runtime only")
        started = time.monotonic()
        scratch = Path(tempfile.mkdtemp(prefix="tmp-", dir=self._home))
        try:
            result = self._result(job, scratch)
        finally:
            with suppress(FileNotFoundError):  # close() was first
                remove_tree(scratch)
        return Execution(result, "", time.monotonic() - started)

    def _result(self, job: Job, scratch: Path) -> Result:
        """Run it with files below `scratch`, and read what it said."""
        output, errors, tmp = scratch / "stdout", scratch / "stderr", scratch / "tmp"
        tmp.mkdir()
        cap = min(self._max_result_bytes, job.manifest.limits.result_mb * 1024 * 1024)
        with output.open("wb") as out, errors.open("wb") as err:
            code, timed_out = self._attend(job, tmp, out.fileno(), err.fileno(), cap)
        lines = StderrLines(job.log)
        with errors.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                lines.add(chunk)
        lines.flush()
        if timed_out:
            raise NodeTimedOutError(f"{job.manifest.name} did not finish within {job.timeout:g} s and was ended")
        if output.stat().st_size >= cap:
            raise NodeFloodedError(f"{job.manifest.name} printed more than {cap // 1024 // 1024} MiB")
        return read_result(job, output.read_bytes(), code, lines.last)

    def close(self) -> None:
        for child in tuple(self._children):
            _kill(child)
        with suppress(FileNotFoundError):  # called twice
            remove_tree(self._home)
        self._workspace = None

    def _attend(self, job: Job, tmp: Path, out: int, err: int, cap: int) -> tuple[int, bool]:
        assert self._workspace is not None  # noqa: S101 — run() refuses before a workspace is staged
        environment = _environment(tmp)
        command = [sys.executable, "-m", job.manifest.module]
        handle = None
        if self._seal is not None:
            handle = self._seal.opened()
            readable = (environment["DOCKYARD_SEMGREP_HOME"],)
            sealed = self._seal.command(self._workspace, tmp, job.manifest.limits.tmp_mb, readable, handle)
            command = [*sealed, *command]
        try:
            child = subprocess.Popen(
                limited.command(_limits(job.manifest.limits, cap), command),
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                cwd="/",
                env=environment,
                start_new_session=True,
                pass_fds=[] if handle is None else [handle],
            )
        finally:
            if handle is not None:
                os.close(handle)
        self._children.add(child)
        expired = threading.Event()

        def end() -> None:
            expired.set()
            _kill(child)

        clock = threading.Timer(job.timeout, end)
        clock.daemon = True
        clock.start()
        try:
            child.communicate(request_line(job, str(self._workspace)))
        finally:
            clock.cancel()
            _kill(child)
            self._children.discard(child)
        return child.returncode, expired.is_set()


def _member(member: tarfile.TarInfo, destination: str) -> tarfile.TarInfo | None:
    if member.issym() or member.islnk():
        # Kept out: on this machine, unlike in a container, a link could lead to the person's own files.
        return None
    return tarfile.data_filter(member, destination)


def _environment(tmp: Path) -> dict[str, str]:
    """No variable of the hub's reaches an agent: tokens live there."""
    return {
        "PATH": os.defpath,
        "HOME": str(tmp),
        "TMPDIR": str(tmp),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "DOCKYARD_SEMGREP_HOME": os.environ.get("DOCKYARD_SEMGREP_HOME", str(Path(sys.prefix) / "semgrep")),
    }


def _limits(limits: Limits, cap: int) -> dict[str, int]:
    """What each process of the agent may take, in bytes or pieces."""
    return {
        "CORE": 0,
        "NOFILE": limits.nofile,
        "FSIZE": max(cap, limits.tmp_mb * MIB),
        # Not AS: analysers map far more than they use (Go's runtime 5 GiB, of which it fills a hundredth).
        "DATA": limits.memory_mb * MIB,
    }


def _kill(child: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
