"""Opening the database that a URL names: a SQLite file of ours, or PostgreSQL."""

from __future__ import annotations

import os
import shlex
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from flows.errors import InvalidInputError, UnavailableError
from flows.settings import Settings
from flows.store.migrate import migrate
from flows.store.shared import Engines
from flows.store.transactions import LOCK_SECONDS, WRITES

FILE = "dockyard.db"
POSTGRESQL = "postgresql+psycopg"
STAY, MORE = 5, 15
"""Connections to PostgreSQL that a process keeps open at most, and those that it opens beside while all are in use."""


def open_store(settings: Settings) -> Engine:
    """The database that the settings name, its tables as this version wants them.

    Everybody in a process gets the same engine for a database, so nobody disposes of it. Raises InvalidInputError for a
    URL that cannot be used, UnavailableError when the database does not answer or is not ours to write.
    """
    return _OPENED.get(_url(settings))


def is_made(settings: Settings) -> bool:
    """Whether there may be anything in the database: not where it is a SQLite file that is not there.

    Raises InvalidInputError for a URL that cannot be used.
    """
    url = _url(settings)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()


def open_url(url: URL) -> Engine:
    """An engine of one's own for the database at `url`, migrated. Raises as `open_store`."""
    engine = _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url)
    try:
        migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


_OPENED = Engines(open_url)


def _url(settings: Settings) -> URL:
    if settings.database_url is None:
        return URL.create("sqlite", database=str(settings.state_dir / FILE))
    return read_url(settings.database_url.get_secret_value())


def read_url(text: str) -> URL:
    """A URL of a kind that we know. Raises InvalidInputError, which never repeats the URL: it may hold a password."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise InvalidInputError("DOCKYARD_DATABASE_URL is not a database URL, such as sqlite:////folder/file.db") from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername=POSTGRESQL)
    if url.drivername not in ("sqlite", "sqlite+pysqlite", POSTGRESQL):
        message = (
            f"DOCKYARD_DATABASE_URL: '{url.drivername}' is not available; use sqlite:////folder/file.db or {POSTGRESQL}://…"
        )
        raise InvalidInputError(message)
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise InvalidInputError("DOCKYARD_DATABASE_URL: SQLite needs a file, as in sqlite:////folder/file.db")
    return url


def _sqlite(url: URL) -> Engine:
    path = Path(url.database or "")
    _private(path)
    # A file that is away, such as one on a volume that comes back, is not made anew by those that had it open.
    where = f"{path.absolute().as_uri()}?mode=rw"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(where, uri=True, check_same_thread=False)

    # No pool: a connection costs a fraction of a millisecond, and none is ever carried into a forked run.
    engine = create_engine(url, poolclass=NullPool, creator=connect)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # Text that is no UTF-8 must show as a changed row, not as a database that cannot be read at all.
    connection.text_factory = _text
    connection.isolation_level = None  # transactions begin as `_begin` says, not as the driver guesses
    connection.execute(f"PRAGMA busy_timeout = {LOCK_SECONDS * 1000}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA recursive_triggers = ON")  # else INSERT OR REPLACE removes rows without a trigger


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", errors="replace")


def _begin(connection: Connection) -> None:
    # A transaction that reads first and then wants to write fails at once where another wrote in between.
    mode = "IMMEDIATE" if connection.get_execution_options().get(WRITES) else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {mode}")


def _private(path: Path) -> None:
    """Make sure of a database file that only its owner reads. Raises UnavailableError where that is not so."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _make(path)
        mode = path.stat().st_mode
    except (OSError, sqlite3.Error) as error:
        raise UnavailableError(f"the database {path} cannot be made: {error}; see DOCKYARD_DATABASE_URL") from error
    if mode & 0o077:
        raise UnavailableError(f"others may read or write {path}; run `chmod 600 {shlex.quote(str(path))}`")


def _make(path: Path) -> None:
    # Beside the place and moved there whole: switching the journal of a file that others have open may fail at once.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        fresh = Path(folder) / path.name
        os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(fresh)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        try:
            os.link(fresh, path)
        except FileExistsError:
            return  # another process was first: its file is as good


def _postgresql(url: URL) -> Engine:
    return create_engine(url, pool_pre_ping=True, pool_size=STAY, max_overflow=MORE, connect_args={"connect_timeout": 10})
