"""Transactions: writers one after the other, on both databases; a busy one is tried again, a few times."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from flows.errors import UnavailableError

ATTEMPTS = 3
"""Each has waited for the lock as long as `LOCK_SECONDS` before it gives up."""
LOCK_SECONDS = 15
WRITES = "dockyard_writes"
"""Execution option of a connection whose transaction will write."""

_ADVISORY_LOCK = 0x646F636B
"""PostgreSQL's key of the lock that writers take: any number that no other program in that database uses."""
_BUSY = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock not available: nothing was written

T = TypeVar("T")


def write(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Give `work` a connection that alone may write, and commit what it did; whatever it raises undoes all of it.

    `work` may be called again, on a busy database. Raises UnavailableError when that does not help, or no database answers.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _write(engine, work)
        except DBAPIError as error:
            if not _busy(error):
                raise _translated(error) from error
        except NoConnectionLeft as error:
            raise _translated(error) from error
    try:
        return _write(engine, work)
    except (DBAPIError, NoConnectionLeft) as error:
        raise _translated(error) from error


def read(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Give `work` a connection to read with. Raises UnavailableError when no database answers."""
    try:
        with engine.begin() as connection:
            return work(connection)
    except (DBAPIError, NoConnectionLeft) as error:
        raise _translated(error) from error


def _write(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.connect() as plain:
        connection = plain.execution_options(**{WRITES: True})
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            return work(connection)


def _busy(error: DBAPIError) -> bool:
    cause = error.orig
    if isinstance(cause, sqlite3.OperationalError):
        return cause.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return getattr(cause, "sqlstate", None) in _BUSY


def _no_database(error: DBAPIError) -> bool:
    cause = error.orig
    return isinstance(cause, sqlite3.DatabaseError) and cause.sqlite_errorcode in (
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CORRUPT,
    )


def _translated(error: DBAPIError | NoConnectionLeft) -> Exception:
    """What a person can do something about as UnavailableError, a mistake of ours as it is."""
    if isinstance(error, NoConnectionLeft) or _busy(error):
        return UnavailableError("the database is busy and stayed so; try again")
    if isinstance(error, OperationalError | InterfaceError) or _no_database(error):
        reason = str(error.orig).strip().partition("\n")[0]
        return UnavailableError(f"the database cannot be used: {reason}; see DOCKYARD_DATABASE_URL")
    return error
