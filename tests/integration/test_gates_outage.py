"""The ledger's database is away while runs wait and while they write: no decision is lost, nothing is written twice."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Protocol
from uuid import UUID

import pytest
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.states import AwaitingRetry, Scheduled
from pydantic import SecretStr
from sqlalchemy import URL

from flows.approvals import Ledger, Step
from flows.errors import UnavailableError
from flows.store import open_store
from flows.store.engine import open_url
from tests.integration.conftest import until
from tests.integration.crashing_workflow import Point
from tests.integration.yard import SOON, SUSPENDED, Yard, branches, say, update, written
from tests.postgres import Cluster

pytestmark = pytest.mark.prefect

NODES = (update("fix"), say("tell", "{{ fix.output.applied.branch | default('') }}"))
KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


class Database(Protocol):
    """A database that can be taken away and brought back as it was."""

    url: URL

    def go(self) -> None:
        """Let it answer nobody."""

    def come(self) -> None:
        """Let it answer again."""


class File:
    """A SQLite file in a folder that can be unmounted, so to speak."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "mounted"
        self._aside = folder / "aside"
        self._folder.mkdir()
        self.path = self._folder / "dockyard.db"
        self.url = URL.create("sqlite", database=str(self.path))

    def go(self) -> None:
        self._folder.rename(self._aside)

    def come(self) -> None:
        if self._folder.exists():  # somebody made another one at the place meanwhile
            shutil.rmtree(self._folder)
        self._aside.rename(self._folder)


class Server:
    """A database in a cluster that is stopped and started."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.url = cluster.database()

    def go(self) -> None:
        self._cluster.stop()

    def come(self) -> None:
        self._cluster.start()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster of this module's own: it is stopped again and again."""
    made = Cluster()
    yield made
    made.remove()


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(tmp_path)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, file: File) -> Database:
    return Server(request.getfixturevalue("cluster")) if request.param == "postgres" else file


@pytest.fixture
def postgres(cluster: Cluster) -> Server:
    return Server(cluster)


def over(yard: Yard, database: Database) -> Yard:
    """The same worker; what runs are told to use that database for."""
    secret = SecretStr(database.url.render_as_string(hide_password=False))
    config = yard.config.model_copy(update={"database_url": secret})
    return replace(yard, config=config, ledger=Ledger(open_store(config)))


def using(database: Database, **more: str) -> dict[str, str]:
    """What a run's process is given."""
    return {"DOCKYARD_DATABASE_URL": database.url.render_as_string(hide_password=False), **more}


def holding(database: Database, point: Point, folder: Path) -> dict[str, str]:
    """What makes a run hold on at that point, once, until there is a file `go`."""
    return using(database, CRASH_AT=point.value, CRASH_ONCE=str(folder / "arrived"), HOLD_UNTIL=str(folder / "go"))


def arrives(folder: Path) -> None:
    """Wait until the run holds on."""
    until(lambda: (folder / "arrived").exists() or None, "the run is at the point", seconds=SOON)


def says(yard: Yard, run: UUID, text: str) -> None:
    """Wait until a line of the run's log holds `text`."""
    only = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run]))
    until(lambda: any(text in log.message for log in yard.client.read_logs(only)) or None, f"it says '{text}'", seconds=SOON)


def resume(yard: Yard, run: UUID) -> None:
    """Let a suspended run go on, as the reconciler does."""
    yard.client.set_flow_run_state(run, Scheduled(name="Resuming"))


def is_written_once(yard: Yard, repository: Path, run: UUID) -> None:
    """The run has ended well, with its change in the one commit that the ledger names."""
    assert yard.ends_well(run) == "Completed", yard.message(run)
    (gate,) = yard.ledger.gates(run=str(run), open_only=False)
    assert gate.apply.step is Step.APPLIED
    assert written(repository, gate) == [gate.apply.commit]
    assert [decision.actor for decision in gate.decisions] == ["ann"]
    assert yard.ledger.verify() is None
    assert yard.statuses(run) == {"fix": "completed", "tell": "completed"}


def test_a_run_waits_through_an_outage_and_takes_the_decision_that_comes_after(yard: Yard, database: Database) -> None:
    mine, repository = over(yard, database), yard.repository()
    run = mine.start(repository, *NODES, env=using(database))
    gate = mine.gate(run)
    mine.reaches(run, "Paused")
    database.go()
    try:
        says(mine, run, "The run waits on, and tries again: the database cannot be used")
        with pytest.raises(UnavailableError, match="see DOCKYARD_DATABASE_URL"):
            mine.decide(gate)
        assert mine.state(run) == "Paused"
    finally:
        database.come()
    mine.decide(gate)
    is_written_once(mine, repository, run)


@pytest.mark.postgres
@pytest.mark.parametrize("point", [Point.BEFORE_INTENT, Point.INTENT, Point.WRITTEN], ids=lambda point: point.name)
def test_a_short_outage_at_the_moment_of_writing_is_waited_for(
    yard: Yard, postgres: Server, tmp_path: Path, point: Point
) -> None:
    mine, repository = over(yard, postgres), yard.repository()
    run = mine.start_trapped(repository, *NODES, env=holding(postgres, point, tmp_path))
    mine.decide(mine.gate(run))
    arrives(tmp_path)
    postgres.go()
    try:
        (tmp_path / "go").touch()
        until(lambda: mine.tasks(run).get("fix (apply)") == "AwaitingRetry" or None, "it is tried again", seconds=SOON)
    finally:
        postgres.come()
    is_written_once(mine, repository, run)


@pytest.mark.postgres
def test_a_long_outage_fails_the_run_with_what_to_do_and_the_approval_stands(
    yard: Yard, postgres: Server, tmp_path: Path
) -> None:
    mine, repository = over(yard, postgres), yard.repository()
    run = mine.start_trapped(repository, *NODES, env=holding(postgres, Point.WRITTEN, tmp_path))
    gate = mine.gate(run)
    mine.decide(gate)
    arrives(tmp_path)
    postgres.go()
    try:
        (tmp_path / "go").touch()
        assert mine.ends(run) == "Failed"
    finally:
        postgres.come()
    assert "the database cannot be used" in mine.message(run)
    assert "what was approved stays approved: retry this run once it answers" in mine.message(run)
    assert "nothing was written" not in mine.message(run)  # it was, and only the ledger does not know
    assert mine.ledger.gate(gate.id).apply.step is Step.INTENDED
    mine.client.set_flow_run_state(run, AwaitingRetry())
    until(lambda: mine.client.read_flow_run(run).run_count == 2 or None, "it is entered again", seconds=SOON)
    is_written_once(mine, repository, run)


def test_a_run_that_goes_on_while_the_database_is_away_loses_nothing(yard: Yard, database: Database) -> None:
    mine, repository = over(yard, database), yard.repository()
    run = mine.start(repository, *NODES, env=using(database, **SUSPENDED))
    gate = mine.gate(run)
    mine.reaches(run, "Suspended")
    mine.decide(gate)
    database.go()
    try:
        resume(mine, run)
        mine.reaches(run, "Crashed")  # which the reconciler starts again, as it does a run whose process was killed
        assert "what people decided is kept" in mine.message(run)
        assert branches(repository) == set()
    finally:
        database.come()
    mine.client.set_flow_run_state(run, AwaitingRetry())
    is_written_once(mine, repository, run)


def test_a_locked_file_is_waited_for_at_the_moment_of_writing(yard: Yard, file: File, tmp_path: Path) -> None:
    mine, repository = over(yard, file), yard.repository()
    run = mine.start_trapped(repository, *NODES, env=holding(file, Point.BEFORE_INTENT, tmp_path))
    gate = mine.gate(run)
    mine.decide(gate)
    arrives(tmp_path)
    with closing(sqlite3.connect(file.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        (tmp_path / "go").touch()
        until(lambda: not (tmp_path / "go").exists() or None, "it goes on to write", seconds=SOON)
        assert branches(repository) == set()
        assert mine.ledger.gate(gate.id).apply.step is Step.NONE
        other.execute("ROLLBACK")
    is_written_once(mine, repository, run)


def test_another_ledger_at_the_place_is_not_taken_for_the_runs_own(yard: Yard, file: File) -> None:
    mine, repository = over(yard, file), yard.repository()
    run = mine.start(repository, *NODES, env=using(file))
    gate = mine.gate(run)
    mine.reaches(run, "Paused")
    file.go()
    try:
        open_url(file.url).dispose()  # as a hub does that starts before the volume is mounted
        says(mine, run, f"the ledger holds no gate {gate.id[:8]}")
        assert mine.state(run) == "Paused"
    finally:
        file.come()
    mine.decide(gate)
    is_written_once(mine, repository, run)
