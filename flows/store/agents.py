"""Agents that people registered: every version of each stays, and who registered it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Connection, RowMapping, Select, func, select

from agents.contract.schema import Frozen
from flows.people import WorkspaceName
from flows.store.tables import agents
from flows.store.times import read_time, stored


class Registered(Frozen):
    """A version of an agent, from 1. `manifest` is JSON, and None where `author` removed the agent.

    `reference` is the image as it was named, `image` the digest that it had then.
    """

    workspace: WorkspaceName
    name: Annotated[str, Field(min_length=1, max_length=63)]
    version: Annotated[int, Field(ge=1)]
    at: datetime
    author: Annotated[str, Field(min_length=1, max_length=128)]
    reference: Annotated[str, Field(max_length=512)]
    image: Annotated[str, Field(max_length=512)]
    manifest: str | None


def register(connection: Connection, registered: Registered) -> None:
    """Write a version, which must not be there yet. The connection must be one of `write`."""
    connection.execute(agents.insert().values({**registered.model_dump(), "at": stored(registered.at)}))


def newest_agent(connection: Connection, workspace: str, name: str) -> Registered | None:
    """The newest version of a workspace's agent, which may be its end; None where there never was one."""
    chosen = select(agents).where(agents.c.workspace == workspace, agents.c.name == name)
    rows = _read(connection, chosen.order_by(agents.c.version.desc()).limit(1))
    return rows[0] if rows else None


def registered_agents(connection: Connection, workspace: str) -> tuple[Registered, ...]:
    """The newest version of each of a workspace's agents that is not removed, by name."""
    own = select(agents.c.name, func.max(agents.c.version).label("version")).where(agents.c.workspace == workspace)
    last = own.group_by(agents.c.name).subquery()
    same = (agents.c.name == last.c.name) & (agents.c.version == last.c.version) & (agents.c.workspace == workspace)
    return _read(connection, select(agents).join(last, same).where(agents.c.manifest.is_not(None)).order_by(agents.c.name))


def _read(connection: Connection, query: Select[Any]) -> tuple[Registered, ...]:
    return tuple(_registered(row) for row in connection.execute(query).mappings())


def _registered(row: RowMapping) -> Registered:
    return Registered.model_validate({**row, "at": read_time(row["at"])})
