"""Adding a row about a gate."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from agents.contract.schema import Frozen
from flows.approvals.gate import Kind
from flows.approvals.schema import GateRequest
from flows.canonical import canonical
from flows.store import Draft, append


def add(connection: Connection, request: GateRequest, kind: Kind, body: Frozen, now: datetime, *, actor: str = "") -> None:
    """Append a row of that kind; the connection must be one of `write`. Raises InvalidInputError for what is no JSON."""
    text = canonical(body.model_dump(mode="json"))
    append(connection, Draft(at=now, kind=kind.value, gate=request.gate, run=request.run, actor=actor, body=text))
