"""Keys that this hub signs with: made by the first replica that needs one, shared by all through the database."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, Engine, select

from flows.store import read, write
from flows.store.tables import signing_keys


def signing_key(engine: Engine, name: str) -> bytes:
    """The key of that name, 256 bits. Raises UnavailableError where the database fails."""
    found = read(engine, lambda connection: _stored(connection, name))
    return bytes.fromhex(found or write(engine, lambda connection: _made(connection, name)))


def _stored(connection: Connection, name: str) -> str | None:
    found: str | None = connection.execute(select(signing_keys.c.value).where(signing_keys.c.name == name)).scalar()
    return found


def _made(connection: Connection, name: str) -> str:
    found = _stored(connection, name)
    if found is None:
        found = secrets.token_hex(32)
        connection.execute(signing_keys.insert().values(name=name, value=found))
    return found
