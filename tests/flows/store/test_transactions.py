"""A busy database is tried again; one that stays busy is one sentence."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, Engine, event

from flows.errors import UnavailableError
from flows.store import Draft, append, last, read, write
from flows.store.engine import open_url
from flows.store.transactions import ATTEMPTS


def add(connection: Connection) -> int:
    draft = Draft(at=datetime(2026, 3, 2, tzinfo=UTC), kind="k", gate="g", run="r", body="{}")
    return append(connection, draft).seq


def impatient(file: Path) -> Engine:
    """A database whose connections do not wait for a lock."""
    engine = open_url(URL.create("sqlite", database=str(file)))
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 0"))
    return engine


def test_a_database_that_stays_busy_is_one_sentence(tmp_path: Path) -> None:
    engine = impatient(tmp_path / "x.db")
    attempts: list[object] = []
    event.listen(engine, "connect", lambda connection, _: attempts.append(connection))
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnavailableError, match="busy and stayed so"):
            write(engine, add)
    assert len(attempts) == ATTEMPTS
    assert read(engine, last) is None


def test_a_database_that_was_busy_once_is_written(tmp_path: Path) -> None:
    engine = impatient(tmp_path / "x.db")
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        attempts: list[object] = []

        def connected(connection: object, _record: object) -> None:
            attempts.append(connection)
            if len(attempts) == 2:
                other.execute("ROLLBACK")

        event.listen(engine, "connect", connected)
        assert write(engine, add) == 1
    assert len(attempts) == 2


def test_whoever_only_reads_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    engine = impatient(tmp_path / "x.db")
    write(engine, add)
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = read(engine, last)
    assert found is not None
    assert found.seq == 1
