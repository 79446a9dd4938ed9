"""A real Prefect server and real workers, as child processes, for the tests that need them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import httpx
import pytest

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

    from tests.integration.yard import Yard

PREFECT = str(Path(sys.executable).with_name("prefect"))
SERVER_START_SECONDS = 180
WORKER_START_SECONDS = 120


T = TypeVar("T")


def until(probe: Callable[[], T | None], what: str, *, seconds: float, every: float = 0.1) -> T:
    """Call `probe` until it gives something, and return that; fails, naming `what`, when time is over."""
    end = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > end:
            pytest.fail(f"not within {seconds:g} s: {what}")
        time.sleep(every)


@contextlib.contextmanager
def running(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A child process in a group of its own, output in `log`; ended and reaped on leaving."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> int:
    """SIGTERM, SIGKILL to what is left of its group after half a minute; returns the exit status."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


@dataclass(frozen=True)
class Workers:
    """Starts workers against the test's server."""

    client: SyncPrefectClient
    folder: Path

    @contextlib.contextmanager
    def start(self, pool: str, name: str, *options: str, **environment: str) -> Iterator[WorkerProcess]:
        """A worker polling `pool`, ready; `options` go to `prefect worker start`."""
        log = self.folder / f"{name}.log"
        command = [PREFECT, "worker", "start", "--pool", pool, "--name", name, *options]
        with running(command, log, os.environ | environment) as process:

            def ready() -> bool:
                if process.poll() is not None:
                    pytest.fail(f"the worker ended with {process.returncode}:\n{log.read_text()}")
                return "started!" in log.read_text(errors="replace")

            until(ready, f"worker {name} started", seconds=WORKER_START_SECONDS)
            yield WorkerProcess(process, log)


@dataclass(frozen=True)
class WorkerProcess:
    """A running worker and the file with its output."""

    process: subprocess.Popen[bytes]
    log: Path


def free_port() -> int:
    """A TCP port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """API URL of a Prefect server of this session's own; the environment points at it meanwhile."""
    folder = tmp_path_factory.mktemp("prefect")
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PREFECT_")]:
            patch.delenv(name)
        patch.setenv("PREFECT_HOME", str(folder / "home"))
        patch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        patch.setenv("PREFECT_WORKER_QUERY_SECONDS", "1")
        # A run that found no slot of its deployment's limit looks again: by default after half a minute.
        patch.setenv("PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS", "1")
        patch.setenv("NO_COLOR", "1")
        command = [PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        log = folder / "server.log"
        with running(command, log, dict(os.environ)) as process:

            def healthy() -> bool:
                if process.poll() is not None:
                    pytest.fail(f"the server ended with {process.returncode}:\n{log.read_text()}")
                with contextlib.suppress(httpx.HTTPError):
                    return httpx.get(f"{url}/health", timeout=5).is_success
                return False

            until(healthy, "the Prefect server is healthy", seconds=SERVER_START_SECONDS, every=0.3)
            patch.setenv("PREFECT_API_URL", url)
            from prefect.context import refresh_global_settings_context

            refresh_global_settings_context()
            yield url
    refresh_global_settings_context()


@pytest.fixture(scope="session")
def prefect_client(prefect_server: str) -> Iterator[SyncPrefectClient]:
    """A client of the test's server."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        assert str(client.api_url).rstrip("/") == prefect_server
        yield client


@pytest.fixture(scope="session")
def workers(prefect_client: SyncPrefectClient, tmp_path_factory: pytest.TempPathFactory) -> Workers:
    """Starts workers as child processes."""
    return Workers(prefect_client, tmp_path_factory.mktemp("workers"))


@pytest.fixture(scope="session")
def yard(workers: Workers, prefect_client: SyncPrefectClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """A ledger, a policy and a worker; runs wait in their process for as long as the tests take."""
    from tests.integration.yard import Yard  # it takes `until` from here

    made = Yard.make(prefect_client, tmp_path_factory.mktemp("gates"), "gates")
    with workers.start("gates", "gates", "--type", "dockyard", **made.environment):
        yield made
