"""Who asked for a run: kept beside the ledger, because whoever reaches Prefect can change what it says."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import Connection, select

from agents.contract.schema import Frozen
from flows.people import DEFAULT_WORKSPACE, Via, WorkspaceName
from flows.store.tables import runs
from flows.store.times import read_time, stored


class Origin(Frozen):
    """Who asked for a run, and the workspace that it belongs to.

    Behind a schedule or an event `requester` is the person who made it, and `trigger` its name. `author` is whoever
    wrote the workflow, empty where that is not known.
    """

    run: Annotated[str, Field(min_length=1, max_length=64)]
    at: datetime
    requester: Annotated[str, Field(min_length=1, max_length=128)]
    author: Annotated[str, Field(max_length=128)] = ""
    via: Via
    trigger: Annotated[str, Field(max_length=256)] = ""
    workspace: WorkspaceName = DEFAULT_WORKSPACE


def record_origin(connection: Connection, origin: Origin) -> Origin:
    """Write who asked for a run, unless that is written: then what stands is returned, whatever `origin` says.

    The connection must be one of `write`.
    """
    found = origin_of(connection, origin.run)
    if found is not None:
        return found
    row = {**origin.model_dump(), "at": stored(origin.at), "via": origin.via.value}
    connection.execute(runs.insert().values(row))
    return origin


def origin_of(connection: Connection, run: str) -> Origin | None:
    """Who asked for a run, where that is written."""
    row = connection.execute(select(runs).where(runs.c.run == run)).mappings().one_or_none()
    return None if row is None else Origin.model_validate({**row, "at": read_time(row["at"])})
