"""The chain names the first row that somebody touched."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, Engine, text

from flows.store import (
    GENESIS,
    Broken,
    Draft,
    append,
    entries,
    entries_of,
    first_broken,
    gates_of,
    last,
    read,
    runs_of,
    write,
)
from flows.store.chain import hash_of
from flows.store.engine import open_url
from flows.store.tables import ledger
from tests.flows.processes import at_once

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def draft(gate: str, kind: str = "requested", actor: str = "", body: str = '{"note":"ü"}', run: str = "r1") -> Draft:
    return Draft(at=NOW, kind=kind, gate=gate, run=run, actor=actor, body=body)


def fill(engine: Engine, count: int = 5) -> None:
    for number in range(count):
        write(engine, lambda connection, number=number: append(connection, draft(f"g{number}")))


def tamper(engine: Engine, *statements: str) -> None:
    """What somebody with the database's password can do."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("DROP TRIGGER ledger_append_only ON ledger"))
        else:
            connection.execute(text("DROP TRIGGER ledger_no_update"))
            connection.execute(text("DROP TRIGGER ledger_no_delete"))
        for statement in statements:
            connection.execute(text(statement))


def test_rows_count_from_one_and_hold_on_to_each_other(store: Engine) -> None:
    fill(store, 3)
    rows = read(store, lambda connection: list(entries(connection)))
    assert [row.seq for row in rows] == [1, 2, 3]
    assert [row.previous for row in rows] == [GENESIS, rows[0].hash, rows[1].hash]
    assert rows[0].time == NOW
    assert read(store, first_broken) is None


def test_the_hash_is_the_documented_one(store: Engine) -> None:
    fill(store, 1)
    (row,) = read(store, lambda connection: list(entries(connection)))
    text = (
        '{"actor":"","at":"2026-03-02T09:00:00.000000Z","body":"{\\"note\\":\\"ü\\"}","gate":"g0","kind":"requested",'
        f'"previous":"{"0" * 64}","run":"r1","seq":1}}'
    )
    assert row.hash == hashlib.sha256(text.encode()).hexdigest()


def test_times_are_kept_in_utc(store: Engine) -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5)))
    write(store, lambda connection: append(connection, draft("g").model_copy(update={"at": there})))
    row = read(store, last)
    assert row is not None
    assert row.at == "2026-03-02T09:00:00.000000Z"


def test_refuses_a_time_without_a_zone(store: Engine) -> None:
    naive = draft("g").model_copy(update={"at": NOW.replace(tzinfo=None)})
    with pytest.raises(ValueError, match="no time zone"):
        write(store, lambda connection: append(connection, naive))
    assert read(store, last) is None


def test_an_error_undoes_what_was_written_before_it(store: Engine) -> None:
    def work(connection: Connection) -> None:
        append(connection, draft("g"))
        raise LookupError("afterwards")

    with pytest.raises(LookupError):
        write(store, work)
    assert read(store, last) is None


EDITS = {
    "an edited body": (["UPDATE ledger SET body = '{}' WHERE seq = 3"], 3, "edited"),
    "an edited actor": (["UPDATE ledger SET actor = 'mallory' WHERE seq = 2"], 2, "edited"),
    "an edited time": (["UPDATE ledger SET at = '2020-01-01T00:00:00.000000Z' WHERE seq = 4"], 4, "edited"),
    "a changed hash": (["UPDATE ledger SET hash = 'abcdef' WHERE seq = 3"], 3, "edited"),
    "a changed link": (["UPDATE ledger SET previous = 'abcdef' WHERE seq = 3"], 3, "edited"),
    "the first removed": (["DELETE FROM ledger WHERE seq = 1"], 1, "missing"),
    "one removed": (["DELETE FROM ledger WHERE seq = 3"], 3, "missing"),
    "one removed, the others moved up": (
        [
            "DELETE FROM ledger WHERE seq = 3",
            "UPDATE ledger SET seq = 3 WHERE seq = 4",
            "UPDATE ledger SET seq = 4 WHERE seq = 5",
        ],
        3,
        "edited",
    ),
    "two exchanged": (
        [
            "UPDATE ledger SET seq = 99 WHERE seq = 2",
            "UPDATE ledger SET seq = 2 WHERE seq = 4",
            "UPDATE ledger SET seq = 4 WHERE seq = 99",
        ],
        2,
        "edited",
    ),
    "one put in at the end": (["INSERT INTO ledger VALUES (6, 'x', 'decided', 'g', 'r', 'm', '{}', 'p', 'h')"], 6, "edited"),
}


@pytest.mark.parametrize("name", EDITS)
def test_names_the_first_row_that_was_touched(store: Engine, name: str) -> None:
    statements, seq, why = EDITS[name]
    fill(store)
    tamper(store, *statements)
    found = read(store, first_broken)
    assert found is not None
    assert (found.seq, why in found.why) == (seq, True), found


def test_a_row_that_is_whole_but_belongs_elsewhere_is_named(store: Engine) -> None:
    fill(store)
    row = read(store, last)
    assert row is not None
    strange = row.model_copy(update={"seq": 6, "gate": "g6", "previous": "f" * 64})
    strange = strange.model_copy(update={"hash": hash_of(strange)})
    write(store, lambda connection: connection.execute(ledger.insert().values(strange.model_dump())))
    assert read(store, first_broken) == Broken(
        seq=6, why="it does not follow the row before it: one of both was put in, moved or replaced"
    )


def test_a_value_of_another_type_which_sqlite_lets_in_is_named(tmp_path: Path) -> None:
    engine = open_url(URL.create("sqlite", database=str(tmp_path / "x.db")))
    fill(engine)
    tamper(engine, "UPDATE ledger SET body = x'00ff' WHERE seq = 2")
    found = read(engine, first_broken)
    assert found is not None
    assert (found.seq, "type" in found.why) == (2, True)


def test_gates_are_found_by_run_beginning_and_what_they_lack(store: Engine) -> None:
    for part in (draft("aa1"), draft("ab2"), draft("aa3", run="r2"), draft("aa1", kind="closed"), draft("a%4", run="r3")):
        write(store, lambda connection, part=part: append(connection, part))
    assert read(store, gates_of) == ["aa1", "ab2", "aa3", "a%4"]
    assert read(store, lambda connection: gates_of(connection, run="r1")) == ["aa1", "ab2"]
    assert read(store, lambda connection: gates_of(connection, without="closed")) == ["ab2", "aa3", "a%4"]
    assert read(store, lambda connection: gates_of(connection, prefix="aa")) == ["aa1", "aa3"]
    assert read(store, lambda connection: gates_of(connection, prefix="a%")) == ["a%4"]
    assert [row.kind for row in read(store, lambda connection: entries_of(connection, "aa1"))] == ["requested", "closed"]


def write_some(arguments: tuple[URL, int]) -> None:
    url, process = arguments
    engine = open_url(url)
    for number in range(10):
        write(engine, lambda connection, number=number: append(connection, draft(f"{process}-{number}")))


def test_processes_that_write_at_once_make_one_chain(database: URL) -> None:
    at_once(write_some, [(database, process) for process in range(4)])
    engine = open_url(database)
    assert read(engine, first_broken) is None
    newest = read(engine, last)
    assert newest is not None
    assert newest.seq == 40


def test_each_run_is_known_by_its_newest_row(store: Engine) -> None:
    assert read(store, runs_of) == {}
    for gate, run in (("g1", "r1"), ("g2", "r2"), ("g3", "r1"), ("g4", "r3")):
        write(store, lambda connection, gate=gate, run=run: append(connection, draft(gate, run=run)))
    assert read(store, runs_of) == {"r1": 3, "r2": 2, "r3": 4}
