"""Messages that are to be delivered: planned once, claimed by one process at a time, tried again until they are over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, select

from agents.contract.schema import Frozen
from flows.store.tables import deliveries, positions
from flows.store.times import stored

_READER = "deliveries"


class Delivery(Frozen):
    """One message to `recipient` by `channel` about what the row of that kind says of a gate; `attempts` have been made."""

    gate: str
    kind: str
    recipient: str
    channel: str
    attempts: int = 0


def position(connection: Connection) -> int:
    """The number of the ledger's row up to which messages have been planned; 0 at the beginning."""
    found: int | None = connection.execute(select(positions.c.seq).where(positions.c.name == _READER)).scalar()
    return found or 0


def plan(connection: Connection, wanted: Iterable[Delivery], *, since: int, until: int, now: datetime) -> bool:
    """Note what is to be sent for the rows behind `since`, up to `until`. False where another process was faster.

    The connection must be one of `write`.
    """
    if position(connection) != since:
        return False
    connection.execute(positions.delete().where(positions.c.name == _READER))
    connection.execute(positions.insert().values(name=_READER, seq=until))
    for delivery in dict.fromkeys(wanted):
        connection.execute(deliveries.insert().values(**delivery.model_dump(), due=stored(now), told=None))
    return True


def waiting(connection: Connection, now: datetime, most: int, limit: int) -> tuple[Delivery, ...]:
    """At most `limit` messages that are due and have been tried less than `most` times, longest due first."""
    chosen = select(*[deliveries.c[name] for name in Delivery.model_fields]).order_by(deliveries.c.due).limit(limit)
    chosen = chosen.where(deliveries.c.told.is_(None), deliveries.c.due <= stored(now), deliveries.c.attempts < most)
    return tuple(Delivery.model_validate(dict(row)) for row in connection.execute(chosen).mappings())


def claim(connection: Connection, delivery: Delivery, again: datetime) -> bool:
    """Count an attempt, the next of which is due `again`. False where another process has it, or has had it.

    The connection must be one of `write`.
    """
    untouched = and_(_row(delivery), deliveries.c.attempts == delivery.attempts, deliveries.c.told.is_(None))
    changed = connection.execute(
        deliveries.update().where(untouched).values(attempts=delivery.attempts + 1, due=stored(again))
    )
    return changed.rowcount == 1


def finish(connection: Connection, delivery: Delivery, now: datetime) -> None:
    """Nothing is left to do about that message. The connection must be one of `write`."""
    connection.execute(deliveries.update().where(_row(delivery)).values(told=stored(now)))


def _row(delivery: Delivery) -> ColumnElement[bool]:
    key = [deliveries.c[name] == getattr(delivery, name) for name in ("gate", "kind", "recipient", "channel")]
    return and_(*key)
