"""The command line with a server and worker of its own, as on a laptop."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from flows.settings import ROOT
from tests.integration.conftest import free_port

if TYPE_CHECKING:
    from docker import DockerClient

pytestmark = pytest.mark.prefect

Dockyard = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def dockyard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dockyard]:
    """The command as a process, with a state folder of the tests' own; what it started is stopped at the end."""
    state = tmp_path_factory.mktemp("state")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "DOCKYARD_"))}
    own = {
        "DOCKYARD_STATE_DIR": str(state),
        "DOCKYARD_SERVER_PORT": str(free_port()),
        "DOCKYARD_PAGE_PORT": str(free_port()),
        "PREFECT_HOME": str(state / "home"),
        "NO_COLOR": "1",
    }

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ui.cli.main", *arguments],
            env={**clean, **own, **environment}, cwd=ROOT, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=400,
        )  # fmt: skip

    yield run
    assert run("down").returncode == 0


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A plain folder with one file."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "app.py").write_text("x = 1\n", encoding="utf-8")
    return folder


@pytest.mark.engine
def test_an_image_that_is_not_built_stops_a_run_before_it_is_one(
    engine: DockerClient, dockyard: Dockyard, repository: Path
) -> None:
    for command in (["run", "health-check"], ["agent", "notifier"]):
        done = dockyard(*command, "--repository", str(repository), DOCKYARD_AGENT_IMAGE="dockyard-test:none")
        assert done.returncode == 1
        assert "dockyard: the agent image dockyard-test:none is not built; run `dockyard images`" in done.stderr
    assert dockyard("runs").stdout.splitlines() == ["Run  State  Started (UTC)  Seconds  Workflow  Repository"]


def test_a_run_is_cancelled_and_leaves_nothing(dockyard: Dockyard, repository: Path, tmp_path: Path) -> None:
    slow = tmp_path / "slow.yaml"
    slow.write_text(
        "name: slow\nnodes:\n- {id: a, agent: notifier, inputs: {message: x, channel: webhook, url: 'http://127.0.0.1:1/'},"
        " retries: {max: 9, delay: 60s}}\n",
        encoding="utf-8",
    )
    started = dockyard("run", str(slow), "--repository", str(repository), "--runtime", "local")
    assert started.returncode == 0, started.stderr
    done = dockyard("cancel", started.stdout.strip())
    assert (done.returncode, done.stdout.split()[0]) == (0, "Cancelled"), done.stderr
    assert dockyard("cancel", "latest").returncode == 2
    assert dockyard("report", "latest").returncode == 2


def page_of(started: subprocess.CompletedProcess[str]) -> str:
    """The page's address as `dockyard up` says it."""
    assert started.returncode == 0, started.stderr
    return next(line.removeprefix("Page: ") for line in started.stdout.splitlines() if line.startswith("Page: "))


def test_one_command_starts_the_page_as_well_and_another_ends_all(dockyard: Dockyard) -> None:
    started = dockyard("up")
    page = page_of(started)
    assert httpx.get(f"{page}/api/health/ready").json() == {"status": "ok", "database": "ok", "prefect": "ok"}
    assert httpx.get(f"{page}/config").status_code == 401

    password = re.search(r"^  Password: (\S+)$", started.stdout, re.MULTILINE)
    name = re.search(r"^  Name: (\S+)$", started.stdout, re.MULTILINE)
    assert password
    assert name
    logs = Path(next(line for line in started.stdout.splitlines() if line.startswith("Logs: ")).removeprefix("Logs: "))
    assert [log.name for log in logs.iterdir() if password[1] in log.read_text(encoding="utf-8", errors="replace")] == []
    with httpx.Client(headers={"Origin": page}) as browser:
        signed = browser.post(f"{page}/login", data={"name": name[1], "password": password[1]})
        assert signed.status_code == 303
        assert browser.get(f"{page}/config").status_code == 200

    again = dockyard("up")
    assert (page_of(again), "Password" in again.stdout, "Starting" in again.stderr) == (page, False, False)
    other = dockyard("up", DOCKYARD_RATE_LIMIT="50/minute")
    assert (page_of(other), "starting it anew" in other.stderr) == (page, True)
    assert httpx.get(f"{page}/api/health/live").headers["ratelimit-limit"] == "50"

    assert dockyard("down").stdout == "Stopped.\n"
    with pytest.raises(httpx.ConnectError):
        httpx.get(page)
    assert dockyard("down").stdout == "Nothing was running.\n"
