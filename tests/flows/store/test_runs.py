"""Who asked for a run is written once."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine

from flows.people import Via
from flows.store import Origin, origin_of, read, record_origin, write

ALICE = Origin(run="r1", at=datetime(2026, 3, 2, tzinfo=UTC), requester="alice", via=Via.SCHEDULE, trigger="nightly")


def test_it_reads_back_as_it_was_written(store: Engine) -> None:
    assert write(store, lambda connection: record_origin(connection, ALICE)) == ALICE
    assert read(store, lambda connection: origin_of(connection, "r1")) == ALICE


def test_what_stands_wins_over_whoever_comes_later(store: Engine) -> None:
    write(store, lambda connection: record_origin(connection, ALICE))
    mallory = ALICE.model_copy(update={"requester": "mallory"})
    assert write(store, lambda connection: record_origin(connection, mallory)) == ALICE


def test_nothing_is_known_of_other_runs(store: Engine) -> None:
    assert read(store, lambda connection: origin_of(connection, "r2")) is None
