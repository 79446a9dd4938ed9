"""A PostgreSQL cluster of the tests' own, which can be stopped and started again."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path

import psycopg
from sqlalchemy import URL

from tests.conftest import missing

PASSWORD = "only-for-this-cluster"


class Cluster:
    """A cluster in a new folder, with its server running; `remove` ends both."""

    def __init__(self) -> None:
        self._programs, self._owner, self._port = _programs(), _owner(), _free_port()
        # Not in pytest's folder, which nobody but its owner enters.
        self._folder = Path(tempfile.mkdtemp(prefix="dockyard-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._make()
            self.start()
        except BaseException:
            self.remove()
            raise

    def _make(self) -> None:
        if self._owner:
            shutil.chown(self._folder, self._owner)
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)  # the folder is its owner's alone
        initdb = [self._programs / "initdb", "-D", self._data, "-U", "postgres", "--no-locale", "-E", "UTF8", "--no-sync"]
        initdb += ["-A", "scram-sha-256", "--pwfile", secret]
        subprocess.run(initdb, user=self._owner, cwd=self._folder, check=True, capture_output=True, timeout=300)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        where = ["-h", "127.0.0.1", "-p", str(self._port)]
        server = [self._programs / "postgres", "-D", self._data, *where, "-k", self._folder, "-c", "fsync=off"]
        log = self._folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                server, user=self._owner, cwd=self._folder, stdout=output, stderr=output, start_new_session=True
            )
        ready = [self._programs / "pg_isready", "-q", *where]
        while subprocess.run(ready, check=False, timeout=60).returncode:
            assert self._process.poll() is None, log.read_text()

    def stop(self) -> None:
        """End the server and every connection to it; what was committed stays."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # ends without waiting for connections that are still open
            self._process.wait(60)
            self._process = None

    def remove(self) -> None:
        """End the server and remove the folder."""
        self.stop()
        shutil.rmtree(self._folder)

    def database(self) -> URL:
        """The URL of a new, empty database."""
        name = f"d{uuid.uuid4().hex}"
        url = URL.create("postgresql", "postgres", PASSWORD, "127.0.0.1", self._port)
        with psycopg.connect(url.render_as_string(hide_password=False), dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return url.set(drivername="postgresql+psycopg", database=name)


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
