"""Which database a URL names, and that the file of ours is private."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import URL, Engine

from flows.errors import InvalidInputError, UnavailableError
from flows.settings import Settings
from flows.store.engine import is_made, open_store, open_url, read_url
from flows.store.transactions import read


def pragma(engine: Engine, name: str) -> object:
    with engine.begin() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_without_a_url_it_is_a_private_file_in_the_state_folder(tmp_path: Path) -> None:
    engine = open_store(Settings(state_dir=tmp_path / "state"))
    with engine.begin() as connection:  # a second file beside it exists while it is open
        connection.exec_driver_sql("SELECT 1 FROM ledger")
        files = list((tmp_path / "state").iterdir())
        assert {path.name for path in files} >= {"dockyard.db", "dockyard.db-wal"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_the_file_waits_for_locks_and_survives_a_crash(tmp_path: Path) -> None:
    engine = open_url(URL.create("sqlite", database=str(tmp_path / "x.db")))
    assert pragma(engine, "journal_mode") == "wal"
    assert pragma(engine, "busy_timeout") == 15000
    assert pragma(engine, "foreign_keys") == 1
    assert pragma(engine, "synchronous") == 2


def test_refuses_a_file_that_others_may_read(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    open_url(URL.create("sqlite", database=str(file)))
    file.chmod(0o644)
    with pytest.raises(UnavailableError, match="chmod 600"):
        open_url(URL.create("sqlite", database=str(file)))


def test_says_so_where_no_file_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnavailableError, match="cannot be made"):
        open_url(URL.create("sqlite", database=str(tmp_path / "file" / "x.db")))


def test_a_file_that_is_away_is_not_made_anew_by_who_had_it_open(tmp_path: Path) -> None:
    file = tmp_path / "50% #1?" / "x.db"
    engine = open_url(URL.create("sqlite", database=str(file)))
    file.rename(tmp_path / "aside.db")
    with pytest.raises(UnavailableError, match="unable to open database file; see DOCKYARD_DATABASE_URL"):
        read(engine, lambda connection: connection.exec_driver_sql("SELECT 1 FROM ledger"))
    assert not file.exists()
    (tmp_path / "aside.db").rename(file)
    assert read(engine, lambda connection: connection.exec_driver_sql("SELECT count(*) FROM ledger").scalar()) == 0


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    file.write_text("no database " * 100)
    file.chmod(0o600)
    with pytest.raises(UnavailableError, match="file is not a database"):
        open_url(URL.create("sqlite", database=str(file)))


@pytest.mark.parametrize("text", ["postgresql://u:p@h/d", "postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"])
def test_postgresql_is_spoken_to_through_psycopg(text: str) -> None:
    assert read_url(text).drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    "text", ["mysql://u:hidden@h/d", "postgresql+asyncpg://u:hidden@h/d", "sqlite://", "sqlite:///:memory:", "hidden", ""]
)
def test_refuses_other_urls_without_repeating_them(text: str) -> None:
    with pytest.raises(InvalidInputError, match="DOCKYARD_DATABASE_URL") as caught:
        read_url(text)
    assert "hidden" not in str(caught.value)


def test_a_server_that_does_not_answer_is_one_sentence_without_the_password() -> None:
    url = "postgresql://u:hidden@127.0.0.1:1/d"
    with pytest.raises(UnavailableError, match="cannot be used") as caught:
        open_store(Settings(database_url=SecretStr(url)))
    assert "hidden" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_never_show_the_password() -> None:
    assert "hidden" not in repr(Settings(database_url=SecretStr("postgresql://u:hidden@h/d")))


def test_a_file_is_made_once_it_is_opened_and_never_by_asking(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state", database_url=None)
    assert not is_made(settings)
    assert not settings.state_dir.exists()
    open_store(settings).dispose()
    assert is_made(settings)


def test_whether_anything_is_in_postgresql_only_postgresql_knows() -> None:
    assert is_made(Settings(database_url=SecretStr("postgresql://nobody@127.0.0.1:1/none")))
