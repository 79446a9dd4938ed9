"""One engine per database and process, and none of its connections in two processes."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import URL, Engine, text

from flows.errors import UnavailableError
from flows.execution.library import kept_named
from flows.settings import Settings
from flows.store import open_store, read
from flows.store.engine import MORE, STAY
from ui.page.approvals import Desk, Which
from ui.page.visitor import Visitor


def settings_of(url: URL) -> Settings:
    return Settings(database_url=SecretStr(url.render_as_string(hide_password=False)))


@pytest.fixture
def opened(database: URL) -> Iterator[Engine]:
    engine = open_store(settings_of(database))
    yield engine
    engine.dispose()


def test_whoever_asks_gets_the_same_engine(database: URL, opened: Engine) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = {id(engine) for engine in threads.map(lambda _: open_store(settings_of(database)), range(32))}
    assert found == {id(opened)}


def test_threads_that_are_first_at_once_get_the_same(database: URL) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = [*threads.map(lambda _: open_store(settings_of(database)), range(8))]
    assert {id(engine) for engine in found} == {id(found[0])}
    found[0].dispose()


@pytest.mark.postgres
def test_many_events_of_the_page_leave_few_connections(postgres: Callable[[], URL]) -> None:
    url = postgres()
    settings = settings_of(url)
    visitor = Visitor(name="ann", may_decide=True)
    gc.disable()  # what piles up shall not be hidden by the collector
    try:
        with ThreadPoolExecutor(8) as threads:
            assert [*threads.map(lambda _: len(Desk(settings, visitor).list(Which.OPEN).choices), range(60))] == [0] * 60
        assert [kept_named("kept-workflow", settings) for _ in range(20)] == [None] * 20
        assert 1 <= connections(open_store(settings), url) <= STAY
    finally:
        gc.enable()
        open_store(settings).dispose()


@pytest.mark.postgres
def test_a_process_that_needs_more_than_it_may_have_says_so(
    postgres: Callable[[], URL], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_store(settings_of(postgres()))
    monkeypatch.setattr(engine.pool, "_timeout", 0.1)
    held = [engine.connect() for _ in range(STAY + MORE)]
    try:
        with pytest.raises(UnavailableError, match="busy"):
            read(engine, lambda connection: connection.scalar(text("SELECT 1")))
    finally:
        for connection in held:
            connection.close()
        engine.dispose()


def connections(engine: Engine, url: URL) -> int:
    """How many the server counts for that database."""
    query = text("SELECT count(*) FROM pg_stat_activity WHERE datname = :name")
    return int(read(engine, lambda connection: connection.execute(query, {"name": url.database}).scalar_one()))


@pytest.mark.postgres
def test_a_forked_child_has_connections_of_its_own(postgres: Callable[[], URL]) -> None:
    settings = settings_of(postgres())
    engine = open_store(settings)
    mine = backend(engine)
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:  # no assertion here: a failing child would go on as a second pytest
        try:
            held, asked = backend(engine), backend(open_store(settings))
            os.write(theirs, f"{held} {asked} {engine is open_store(settings)}".encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as pipe:
        held, asked, same = pipe.read().split()
    os.waitpid(child, 0)
    assert (held == asked, held != str(mine), same) == (True, True, "True")
    assert backend(engine) == mine  # and the parent's is as it was
    engine.dispose()


def backend(engine: Engine) -> int:
    """The server process behind the engine's connection."""
    return int(read(engine, lambda connection: connection.execute(text("SELECT pg_backend_pid()")).scalar_one()))


def test_a_file_that_is_another_by_now_is_opened_anew(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path, database_url=None)
    first = open_store(settings)
    (tmp_path / "dockyard.db").rename(tmp_path / "aside.db")
    second = open_store(settings)
    assert second is not first
    assert read(second, lambda connection: connection.scalar(text("SELECT count(*) FROM ledger"))) == 0
    (tmp_path / "dockyard.db").chmod(0o644)
    with pytest.raises(UnavailableError, match="chmod 600"):
        open_store(settings)


def test_a_database_that_could_not_be_opened_is_tried_again(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path, database_url=None)
    (tmp_path / "dockyard.db").write_text("no database " * 100)
    (tmp_path / "dockyard.db").chmod(0o600)
    with pytest.raises(UnavailableError, match="not a database"):
        open_store(settings)
    (tmp_path / "dockyard.db").unlink()
    assert read(open_store(settings), lambda connection: connection.scalar(text("SELECT count(*) FROM ledger"))) == 0
