"""Workflows that people keep in the hub: every version of each stays, and who wrote it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Connection, RowMapping, Select, func, select

from agents.contract.schema import Frozen
from flows.store.tables import workflows
from flows.store.times import read_time, stored


class Kept(Frozen):
    """A version of a workflow, from 1. `text` is None where `author` deleted it."""

    name: Annotated[str, Field(min_length=1, max_length=63)]
    version: Annotated[int, Field(ge=1)]
    workspace: Annotated[str, Field(min_length=1, max_length=63)]
    at: datetime
    author: Annotated[str, Field(min_length=1, max_length=128)]
    text: str | None


def keep(connection: Connection, kept: Kept) -> None:
    """Write a version, which must not be there yet. The connection must be one of `write`."""
    connection.execute(workflows.insert().values({**kept.model_dump(), "at": stored(kept.at)}))


def newest_of(connection: Connection, name: str) -> Kept | None:
    """The newest version of a workflow, which may be its end; None where there never was one."""
    rows = _read(connection, _versions(name).limit(1))
    return rows[0] if rows else None


def versions_of(connection: Connection, name: str) -> tuple[Kept, ...]:
    """All versions of a workflow, the newest first."""
    return _read(connection, _versions(name))


def kept_workflows(connection: Connection) -> tuple[Kept, ...]:
    """The newest version of each workflow that is not deleted, by name."""
    last = select(workflows.c.name, func.max(workflows.c.version).label("version")).group_by(workflows.c.name).subquery()
    same = (workflows.c.name == last.c.name) & (workflows.c.version == last.c.version)
    return _read(
        connection, select(workflows).join(last, same).where(workflows.c.text.is_not(None)).order_by(workflows.c.name)
    )


def _versions(name: str) -> Select[Any]:
    return select(workflows).where(workflows.c.name == name).order_by(workflows.c.version.desc())


def _read(connection: Connection, query: Select[Any]) -> tuple[Kept, ...]:
    return tuple(_kept(row) for row in connection.execute(query).mappings())


def _kept(row: RowMapping) -> Kept:
    return Kept.model_validate({**row, "at": read_time(row["at"])})
