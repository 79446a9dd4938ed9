"""The local Prefect server and worker: started when nothing else is configured, reused when they live."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from agents.contract.schema import Frozen
from flows.errors import UnavailableError
from flows.service.processes import Process, answers, free_port, keep, locked, spawn, wait
from flows.service.server import configured_api
from flows.settings import Settings


class _State(Frozen):
    """What `local.json` holds."""

    port: int
    server: Process
    worker: Process | None = None


class LocalServices:
    """One Prefect server on SQLite and one worker per state folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._dir = settings.state_dir
        self._file = self._dir / "local.json"
        self._lock = self._dir / "local.lock"
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
        with locked(self._lock):
            state = self._read()
            if state is None or not state.server.alive():
                if not start:
                    raise UnavailableError("no local Prefect server is running; `dockyard up` starts one")
                say("Starting the local Prefect server (the first time takes up to a minute) …")
                state = self._start_server()
            port = state.port
            self._point_at(port)
            health, log = f"{_api(port)}/health", self.log_dir / "server.log"
            wait(lambda: answers(health), state.server, "Prefect server", log, self._settings.start_timeout)
            if start and (state.worker is None or not state.worker.alive()):
                say("Starting the local worker …")
                worker = self._spawn("worker", _worker_command(self._settings))
                state = state.model_copy(update={"worker": worker})
                keep(self._file, state)
        return _api(state.port)

    def stop(self) -> bool:
        """End the local worker and server. Returns whether any was running."""
        with locked(self._lock):
            state = self._read()
            if state is None:
                return False
            running = [child for child in (state.worker, state.server) if child and child.alive()]
            for child in running:
                child.end(self._settings.start_timeout)
            self._file.unlink(missing_ok=True)
            return bool(running)

    def living(self) -> tuple[str, bool] | None:
        """Address of the running local server and whether its worker lives; None without a server."""
        state = self._read()
        if state is None or not state.server.alive():
            return None
        return _api(state.port), state.worker is not None and state.worker.alive()

    def _start_server(self) -> _State:
        port = free_port(self._settings.server_port)
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
        keep(self._file, state)
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

    def _spawn(self, name: str, command: list[str]) -> Process:
        return spawn(name, command, self.log_dir / f"{name}.log")

    def _read(self) -> _State | None:
        try:
            return _State.model_validate_json(self._file.read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValidationError):  # never started, or another version's: start anew
            return None


def _worker_command(settings: Settings) -> list[str]:
    command = [sys.executable, "-m", "prefect", "worker", "start", "--type", "dockyard"]
    return [*command, "--pool", settings.work_pool, "--name", "local"]


def _api(port: int) -> str:
    return f"http://127.0.0.1:{port}/api"
