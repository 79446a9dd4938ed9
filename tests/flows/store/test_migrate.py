"""The tables are what the code says, made once, whoever opens the database at the same time."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Engine, text
from sqlalchemy.exc import DBAPIError

from flows.errors import UnavailableError
from flows.store import read, write
from flows.store.engine import open_url
from flows.store.migrate import FOLDER, migrate, version
from flows.store.migrations import NEWEST
from flows.store.tables import metadata
from tests.flows.processes import at_once

KEPT = "INSERT INTO workflows VALUES ('w', 1, 'default', '', 'ann', 'name: w')"
ROW = "INSERT INTO ledger VALUES (1, '', 'k', 'g', 'r', '', '{}', 'p', 'h')"
RUN = "INSERT INTO runs (run, at, requester, author, via, trigger) VALUES ('r', '', 'alice', '', 'cli', '')"


def open_it(url: URL) -> str | None:
    engine = open_url(url)
    with engine.begin() as connection:
        return version(connection)


def test_the_newest_migration_is_the_one_the_code_asks_for() -> None:
    assert ScriptDirectory(str(FOLDER)).get_heads() == [NEWEST]


def test_the_migrations_make_the_tables_that_the_code_knows(store: Engine) -> None:
    with store.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_second_time_nothing_happens(store: Engine) -> None:
    migrate(store)
    assert read(store, version) == NEWEST


def test_a_database_of_the_first_version_keeps_its_rows(database: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as older:
        older.setattr("flows.store.migrate.NEWEST", "0001")
        first = open_url(database)
    for insert in (ROW, RUN):
        write(first, lambda connection, insert=insert: connection.execute(text(insert)))
    assert read(first, version) == "0001"
    with open_url(database).begin() as connection:
        assert version(connection) == NEWEST
        assert connection.execute(text("SELECT gate FROM ledger")).scalars().all() == ["g"]
        assert connection.execute(text("SELECT count(*) FROM accounts")).scalar() == 0
        assert connection.execute(text("SELECT run, workspace FROM runs")).tuples().all() == [("r", "default")]


def test_many_processes_may_open_an_empty_database_at_once(database: URL) -> None:
    assert at_once(open_it, [database] * 5) == [NEWEST] * 5


def test_refuses_a_database_of_a_newer_version(database: URL) -> None:
    engine = open_url(database)
    write(engine, lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(UnavailableError, match="newer Dockyard"):
        open_url(database)


@pytest.mark.parametrize("table", ["ledger", "runs"])
@pytest.mark.parametrize("change", ["UPDATE {} SET run = 'other'", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_rows(store: Engine, table: str, change: str) -> None:
    for insert in (ROW, RUN):
        write(store, lambda connection, insert=insert: connection.execute(text(insert)))
    with pytest.raises(DBAPIError, match="append-only"), store.begin() as connection:
        connection.execute(text(change.format(table)))


def test_replacing_a_row_is_refused_too(store: Engine) -> None:
    if store.dialect.name == "postgresql":
        replace = f"{ROW} ON CONFLICT (seq) DO UPDATE SET kind = 'other'"
    else:
        replace = ROW.replace("INSERT", "INSERT OR REPLACE")
    write(store, lambda connection: connection.execute(text(ROW)))
    with pytest.raises(DBAPIError, match="append-only"), store.begin() as connection:
        connection.execute(text(replace))


@pytest.mark.parametrize("change", ["UPDATE workflows SET author = 'bob'", "DELETE FROM workflows"])
def test_who_wrote_a_workflow_stays(store: Engine, change: str) -> None:
    write(store, lambda connection: connection.execute(text(KEPT)))
    with pytest.raises(DBAPIError, match="append-only"), store.begin() as connection:
        connection.execute(text(change))
