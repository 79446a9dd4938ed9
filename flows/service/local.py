"""The local Prefect server and worker: started when nothing else is configured, reused when they live."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from agents.contract.schema import Frozen
from flows.errors import UnavailableError
from flows.service.server import configured_api
from flows.settings import ROOT, Settings

POLL_SECONDS = 0.2


class _Process(Frozen):
    """A child by pid and start time, so that a reused pid is never taken for it."""

    pid: int
    started: str

    def alive(self) -> bool:
        return _start_time(self.pid) == self.started


class _State(Frozen):
    """What `local.json` holds."""

    port: int
    server: _Process
    worker: _Process | None = None


class LocalServices:
    """One Prefect server on SQLite and one worker per state folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._dir = settings.state_dir
        self._file = self._dir / "local.json"
        self.used = False
        """Whether `use` chose the local pair: then it is this machine that runs what is started."""

    @property
    def log_dir(self) -> Path:
        """Where the server's and the worker's output goes."""
        return self._dir / "logs"

    def use(self, say: Callable[[str], None], *, start: bool = True) -> str:
        """Point this process at a Prefect server and return its API address.

        A PREFECT_API_URL of the environment or the active profile wins; its workers are its owner's
        business. Otherwise the local server and worker are started or reused. With `start=False` only a
        living one is used. Raises UnavailableError when nothing answers.
        """
        configured = configured_api()
        if configured:
            return configured
        self.used = True
        with self._locked():
            state = self._read()
            if state is None or not state.server.alive():
                if not start:
                    raise UnavailableError("no local Prefect server is running; `dockyard up` starts one")
                say("Starting the local Prefect server (the first time takes up to a minute) …")
                state = self._start_server()
            port = state.port
            self._point_at(port)
            self._wait(lambda: _healthy(port), state.server, "server")
            if start and (state.worker is None or not state.worker.alive()):
                say("Starting the local worker …")
                worker = self._spawn("worker", _worker_command(self._settings))
                state = state.model_copy(update={"worker": worker})
                self._write(state)
        return _api(state.port)

    def stop(self) -> bool:
        """End the local worker and server. Returns whether any was running."""
        with self._locked():
            state = self._read()
            if state is None:
                return False
            running = [child for child in (state.worker, state.server) if child and child.alive()]
            for child in running:
                _end(child, self._settings.start_timeout)
            self._file.unlink(missing_ok=True)
            return bool(running)

    def living(self) -> tuple[str, bool] | None:
        """Address of the running local server and whether its worker lives; None without a server."""
        state = self._read()
        if state is None or not state.server.alive():
            return None
        return _api(state.port), state.worker is not None and state.worker.alive()

    def _start_server(self) -> _State:
        port = _free_port(self._settings.server_port)
        command = [
            sys.executable,
            "-m",
            "prefect",
            "server",
            "start",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ]
        self._point_at(port)
        state = _State(port=port, server=self._spawn("server", command))
        self._write(state)
        return state

    def _point_at(self, port: int) -> None:
        from prefect.context import refresh_global_settings_context

        os.environ["PREFECT_API_URL"] = _api(port)
        os.environ["PREFECT_UI_URL"] = f"http://127.0.0.1:{port}"
        os.environ["PREFECT_HOME"] = str(self._dir / "prefect")
        os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        os.environ.setdefault("PREFECT_WORKER_QUERY_SECONDS", "1")
        os.environ.setdefault("PREFECT_LOGGING_LEVEL", "INFO")
        refresh_global_settings_context()  # Prefect has read the environment already

    def _spawn(self, name: str, command: list[str]) -> _Process:
        self.log_dir.mkdir(parents=True, exist_ok=True)
        with (self.log_dir / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                start_new_session=True,
            )
        started = _start_time(child.pid)
        if started is None:
            raise UnavailableError(f"the local {name} ended at once; see {self.log_dir / name}.log")
        return _Process(pid=child.pid, started=started)

    def _wait(self, ready: Callable[[], bool], child: _Process, name: str) -> None:
        deadline = time.monotonic() + self._settings.start_timeout
        while not ready():
            if not child.alive():
                raise UnavailableError(f"the local Prefect {name} ended; see {self.log_dir / name}.log")
            if time.monotonic() > deadline:
                raise UnavailableError(
                    f"the local Prefect {name} did not answer within {self._settings.start_timeout:.0f} s; "
                    f"see {self.log_dir / name}.log, or set DOCKYARD_START_TIMEOUT"
                )
            time.sleep(POLL_SECONDS)

    def _read(self) -> _State | None:
        try:
            return _State.model_validate_json(self._file.read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValidationError):  # never started, or another version's: start anew
            return None

    def _write(self, state: _State) -> None:
        scratch = self._file.with_suffix(".tmp")
        scratch.write_text(state.model_dump_json(), encoding="utf-8")
        scratch.replace(self._file)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Two commands started at once must not start two servers."""
        self._dir.mkdir(parents=True, exist_ok=True)
        with (self._dir / "local.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _worker_command(settings: Settings) -> list[str]:
    command = [sys.executable, "-m", "prefect", "worker", "start", "--type", "dockyard"]
    return [*command, "--pool", settings.work_pool, "--name", "local"]


def _api(port: int) -> str:
    return f"http://127.0.0.1:{port}/api"


def _healthy(port: int) -> bool:
    from httpx import HTTPError, get

    try:
        return get(f"{_api(port)}/health", timeout=2).status_code == 200
    except HTTPError:
        return False


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise UnavailableError("no free port for the local Prefect server")


def _start_time(pid: int) -> str | None:
    """Field 22 of /proc/PID/stat, None when there is no such process or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]


def _end(child: _Process, timeout: float) -> None:
    for number, patience in ((signal.SIGTERM, min(timeout, 30.0)), (signal.SIGKILL, 10.0)):
        try:
            os.killpg(child.pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience
        while child.alive():
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        else:
            return
