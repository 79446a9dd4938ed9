"""The chain of rows: each holds the hash of the one before it, so that whatever is changed later shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Select, func, select

from agents.contract.schema import Frozen
from flows.canonical import digest
from flows.errors import DockyardError
from flows.people import DEFAULT_WORKSPACE
from flows.store.tables import ledger, runs
from flows.store.times import read_time, stored

GENESIS = "0" * 64
"""`previous` of the first row."""
NO_ROW = "it is no row of a ledger: a column has another type"


class Draft(Frozen):
    """A row to be. `body` is JSON text; `actor` is empty where nobody acted."""

    at: datetime
    kind: str
    gate: str
    run: str
    actor: str = ""
    body: str


class Entry(Frozen):
    """A row as it is stored; `seq` counts 1, 2, 3…"""

    seq: int
    at: str
    kind: str
    gate: str
    run: str
    actor: str
    body: str
    previous: str
    hash: str

    @property
    def time(self) -> datetime:
        """When it was written. Raises ValueError for a row that was changed."""
        return read_time(self.at)


class Broken(Frozen):
    """The first row at which the chain does not hold, and why."""

    seq: int
    why: str


class UnreadableRowError(DockyardError):
    """A row holds what no writer of the ledger could have put there; `seq` is its number."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        super().__init__(f"row {seq} of the ledger cannot be read: {NO_ROW}; `dockyard ledger verify` tells more")


def append(connection: Connection, draft: Draft) -> Entry:
    """Write a row at the end of the chain. The connection must be one of `write`, which lets writers in one by one."""
    newest = last(connection)
    entry = Entry(
        seq=newest.seq + 1 if newest else 1,
        at=stored(draft.at),
        previous=newest.hash if newest else GENESIS,
        hash="",
        **draft.model_dump(exclude={"at"}),
    )
    entry = entry.model_copy(update={"hash": hash_of(entry)})
    connection.execute(ledger.insert().values(entry.model_dump()))
    return entry


def last(connection: Connection) -> Entry | None:
    """The newest row."""
    row = connection.execute(select(ledger).order_by(ledger.c.seq.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else Entry.model_validate(dict(row))


def end(connection: Connection) -> tuple[int, str] | None:
    """Number and hash of the newest row, without its body: runs that wait ask for it five times a second."""
    chosen = select(ledger.c.seq, ledger.c.hash).order_by(ledger.c.seq.desc()).limit(1)
    row = connection.execute(chosen).one_or_none()
    return None if row is None else (row.seq, row.hash)


def entries(connection: Connection) -> Iterator[Entry]:
    """All rows in order. Raises UnreadableRowError for one that is not a row at all."""
    return _read(connection, select(ledger).order_by(ledger.c.seq))


def entries_of(connection: Connection, gate: str) -> tuple[Entry, ...]:
    """The rows of one gate in order. Raises UnreadableRowError."""
    return tuple(_read(connection, select(ledger).where(ledger.c.gate == gate).order_by(ledger.c.seq)))


def gates_of(
    connection: Connection,
    *,
    run: str | None = None,
    prefix: str = "",
    without: str | None = None,
    within: str | None = None,
) -> list[str]:
    """The gates that have rows, oldest first: of one run, whose id begins with `prefix`, that have no row of a kind,
    of the runs within a workspace.

    A column that was made something else than text names no gate; `first_broken` tells of it.
    """
    chosen = select(ledger.c.gate).group_by(ledger.c.gate).order_by(func.min(ledger.c.seq))
    if run is not None:
        chosen = chosen.where(ledger.c.run == run)
    if prefix:
        chosen = chosen.where(ledger.c.gate.startswith(prefix, autoescape=True))
    if without is not None:
        chosen = chosen.where(ledger.c.gate.not_in(select(ledger.c.gate).where(ledger.c.kind == without)))
    if within == DEFAULT_WORKSPACE:  # also what a run asked of which nothing is written
        chosen = chosen.where(ledger.c.run.not_in(select(runs.c.run).where(runs.c.workspace != within)))
    elif within is not None:
        chosen = chosen.where(ledger.c.run.in_(select(runs.c.run).where(runs.c.workspace == within)))
    return [gate for gate in connection.execute(chosen).scalars() if isinstance(gate, str)]


def runs_of(connection: Connection) -> dict[str, int]:
    """Every run that has rows, with the number of its newest one."""
    chosen = select(ledger.c.run, func.max(ledger.c.seq)).group_by(ledger.c.run)
    return {run: seq for run, seq in connection.execute(chosen).tuples() if isinstance(run, str)}


def kinds_after(connection: Connection, seq: int, kinds: Sequence[str]) -> list[tuple[int, datetime, str, str]]:
    """Number, time, kind and gate of the rows of these kinds behind that number; those without a time are left out."""
    chosen = select(ledger.c.seq, ledger.c.at, ledger.c.kind, ledger.c.gate).order_by(ledger.c.seq)
    found = []
    for number, at, kind, gate in connection.execute(chosen.where(ledger.c.seq > seq, ledger.c.kind.in_(kinds))).tuples():
        with suppress(ValueError, TypeError):  # was edited: whoever reads its gate is told
            found.append((number, read_time(at), str(kind), str(gate)))
    return found


def hash_at(connection: Connection, seq: int) -> str | None:
    """The hash that stands in a row."""
    found: str | None = connection.execute(select(ledger.c.hash).where(ledger.c.seq == seq)).scalar()
    return found


def is_sound(entry: Entry) -> bool:
    """Whether the row is what its own hash says; its place in the chain is `first_broken`'s to judge."""
    return entry.hash == hash_of(entry)


def first_broken(connection: Connection) -> Broken | None:
    """The first row that was edited, removed, moved or put in between; None where the chain holds as far as it goes.

    Rows cut off at the end leave no trace in what is left: compare `last` with what was noted elsewhere.
    """
    before = GENESIS
    rows = connection.execute(select(ledger).order_by(ledger.c.seq), execution_options={"yield_per": 1000})
    for seq, row in enumerate(rows.mappings(), start=1):
        try:
            entry = Entry.model_validate(dict(row))
        except ValidationError:
            return Broken(seq=seq, why=NO_ROW)
        if entry.seq != seq:
            return Broken(seq=seq, why=f"it is missing; the next one is row {entry.seq}")
        if not is_sound(entry):
            return Broken(seq=seq, why="its content does not fit its hash: it was edited")
        if entry.previous != before:
            return Broken(seq=seq, why="it does not follow the row before it: one of both was put in, moved or replaced")
        before = entry.hash
    return None


def _read(connection: Connection, chosen: Select[Any]) -> Iterator[Entry]:
    rows = connection.execute(chosen, execution_options={"yield_per": 1000})
    for row in rows.mappings():
        try:
            yield Entry.model_validate(dict(row))
        except ValidationError as error:
            raise UnreadableRowError(row["seq"]) from error


def hash_of(entry: Entry) -> str:
    """sha256 over the canonical form of all columns but `hash` itself."""
    return digest(entry.model_dump(mode="json", exclude={"hash"}))
