"""Databases for the tests that need them: a SQLite file each, and each its own in a PostgreSQL cluster of this session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine

from flows.store.engine import open_url
from tests.flows.workspace.conftest import commit, git
from tests.postgres import Cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], URL]]:
    """A function that makes an empty database in a cluster of this session, and returns its URL."""
    cluster = Cluster()
    yield cluster.database
    cluster.remove()


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


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose HEAD is the branch `main`, with one commit holding `app.py`."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "app.py").write_text("print('one')\n", encoding="utf-8")
    commit(folder, "one")
    return folder
