"""Databases for the tests that need them: a SQLite file each, and each its own in a PostgreSQL cluster of this session."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, Engine

from flows.store.engine import open_url
from tests.conftest import missing

PASSWORD = "only-for-this-cluster"


def _programs() -> Path:
    """The folder of PostgreSQL's programs: Debian keeps them off PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else missing("PostgreSQL's programs (Debian: postgresql)")


def _owner() -> str | None:
    """Whom PostgreSQL runs as: it refuses root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], URL]]:
    """A function that makes an empty database in a cluster of this session, and returns its URL."""
    programs, owner, port = _programs(), _owner(), _free_port()
    # Not in pytest's folder, which nobody but its owner enters.
    folder = Path(tempfile.mkdtemp(prefix="dockyard-postgres-"))
    try:
        if owner:
            shutil.chown(folder, owner)
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)  # the folder is its owner's alone
        data = folder / "data"
        initdb = [programs / "initdb", "-D", data, "-U", "postgres", "--no-locale", "-E", "UTF8", "--no-sync"]
        initdb += ["-A", "scram-sha-256", "--pwfile", secret]
        subprocess.run(initdb, user=owner, cwd=folder, check=True, capture_output=True, timeout=300)
        server = [programs / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", folder, "-c", "fsync=off"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(server, user=owner, cwd=folder, stdout=log, stderr=log, start_new_session=True)
        try:
            ready = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
            while subprocess.run(ready, check=False, timeout=60).returncode:
                assert process.poll() is None, (folder / "log").read_text()
            yield lambda: _database(port)
        finally:
            process.send_signal(signal.SIGINT)  # ends without waiting for connections that are still open
            process.wait(60)
    finally:
        shutil.rmtree(folder)


def _database(port: int) -> URL:
    name = f"d{uuid.uuid4().hex}"
    url = URL.create("postgresql", "postgres", PASSWORD, "127.0.0.1", port)
    with psycopg.connect(url.render_as_string(hide_password=False), dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url.set(drivername="postgresql+psycopg", database=name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """The URL of an empty database, once for each kind."""
    if request.param == "postgres":
        url: URL = request.getfixturevalue("postgres")()
        return url
    return URL.create("sqlite", database=str(tmp_path / "store" / "test.db"))


@pytest.fixture
def store(database: URL) -> Iterator[Engine]:
    """An open database, once for each kind."""
    engine = open_url(database)
    yield engine
    engine.dispose()
