"""What tests of every kind share: parts of the machine they may need, and real repositories."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from flows.approvals import Ledger
from flows.errors import UnavailableError
from flows.execution.engine import connect
from flows.service import build_image
from flows.settings import Settings
from flows.store import open_store

if TYPE_CHECKING:
    from docker import DockerClient


def pytest_configure() -> None:
    """A terminated test run ends as an interrupted one: its fixtures stop the servers and workers they started.

    What a script starts in the background ignores SIGINT, and its children with it, such as the workers that
    tests interrupt: here it counts again.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def missing(what: str) -> NoReturn:
    """Skip for want of `what`; where everything must be there, fail."""
    if os.environ.get("DOCKYARD_REQUIRE_ALL"):
        pytest.fail(f"needs {what}, and DOCKYARD_REQUIRE_ALL is set")
    pytest.skip(f"needs {what}")


@pytest.fixture(scope="session")
def engine() -> Iterator[DockerClient]:
    """A Docker engine that answers."""
    try:
        client = connect(Settings())
    except UnavailableError as error:
        missing(f"a Docker engine: {error}")
    yield client
    client.close()


@pytest.fixture(scope="session")
def agent_image(engine: DockerClient) -> str:
    """The agent image of this source tree, built when the engine doesn't hold it."""
    return build_image(Settings(), print)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a state folder of the test's own, below which doors may name folders; no other database, no policy."""
    return Settings(state_dir=tmp_path / "state", database_url=None, policy_file=None, local_roots=(tmp_path,))


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    """The ledger in that state folder."""
    engine = open_store(settings)
    yield Ledger(engine)
    engine.dispose()


@pytest.fixture
def server_is_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Prefect's results are in a folder of the test's own, and its server is one that nobody needs here."""
    from prefect.context import refresh_global_settings_context

    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.setenv("PREFECT_LOCAL_STORAGE_PATH", str(tmp_path / "results"))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    refresh_global_settings_context()
    yield
    monkeypatch.undo()
    refresh_global_settings_context()


PYPI = {"flask": "3.1.3", "requests": "2.34.2", "django": "5.2.19"}
NPM = {"express": "5.3.0", "lodash": "4.18.1", "eslint": "10.15.0"}


@pytest.fixture(scope="session")
def real_repository(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function from a package's name to the unpacked source package, as a folder.

    The versions are pinned: what is known of each is checked to the letter. Archives are kept between
    test runs in the user's cache.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dockyard-tests"
    unpacked: dict[str, Path] = {}

    def get(name: str) -> Path:
        if name not in unpacked:
            archive = _archive(name, cache)
            folder = tmp_path_factory.mktemp(name)
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
            (unpacked[name],) = folder.iterdir()
        return unpacked[name]

    return get


def _archive(name: str, cache: Path) -> Path:
    version = PYPI.get(name) or NPM[name]
    target = cache / f"{name}-{version}.tar.gz"
    if target.exists():
        return target
    fresh = cache / f"fetch-{os.getpid()}-{name}"
    fresh.mkdir(parents=True)
    try:
        if name in PYPI:
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--no-binary",
                ":all:",
            ]
            command += ["--dest", str(fresh), f"{name}=={version}"]
        else:
            command = ["npm", "pack", "--silent", "--pack-destination", str(fresh), f"{name}@{version}"]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=600)
        (archive,) = (path for path in fresh.iterdir() if path.suffix in (".gz", ".tgz"))
        archive.replace(target)
    finally:
        shutil.rmtree(fresh)
    return target
