"""For auditors: whether the chain holds, where it ends, and all of it as lines of JSON."""

from __future__ import annotations

from typing import TextIO

from sqlalchemy import Connection

from agents.contract.schema import Frozen
from flows.canonical import canonical
from flows.store import Broken, end, entries, first_broken, hash_at


class Mark(Frozen):
    """A row and its hash, and with it all rows before."""

    seq: int
    hash: str


def verify(connection: Connection, noted: Mark | None = None) -> Broken | None:
    """The first row that was touched; then, whether the row that was noted is still the one."""
    broken = first_broken(connection)
    if broken is not None or noted is None:
        return broken
    found = hash_at(connection, noted.seq)
    if found is None:
        return Broken(seq=noted.seq, why="it was noted and is missing: the ledger's end was cut off")
    if found != noted.hash:
        return Broken(seq=noted.seq, why="it has another hash than was noted: the ledger was written anew")
    return None


def mark(connection: Connection) -> Mark | None:
    """The newest row."""
    newest = end(connection)
    return None if newest is None else Mark(seq=newest[0], hash=newest[1])


def export(connection: Connection, stream: TextIO) -> int:
    """Every row as a line, all its columns as they are; returns how many."""
    count = 0
    for entry in entries(connection):
        stream.write(f"{canonical(entry.model_dump(mode='json'))}\n")
        count += 1
    return count
