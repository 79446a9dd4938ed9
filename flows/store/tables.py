"""The tables, as SQLAlchemy knows them; `migrations` makes them, and a test holds the two together.

Times are text in UTC of one width, so that a row's hash is over the very characters that are stored, on every database.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()

ledger = Table(
    "ledger",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", String(27), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("gate", String(36), nullable=False),
    Column("run", String(64), nullable=False, index=True),
    Column("actor", String(128), nullable=False),
    Column("body", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("gate", "kind", "actor", name="uq_ledger_gate_kind_actor"),
    UniqueConstraint("previous", name="uq_ledger_previous"),
)
"""Append-only and chained by hash; triggers refuse UPDATE and DELETE."""

runs = Table(
    "runs",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("at", String(27), nullable=False),
    Column("requester", String(128), nullable=False),
    Column("author", String(128), nullable=False),
    Column("via", String(32), nullable=False),
    Column("trigger", String(256), nullable=False),
)
"""Who asked for a run; written once, and triggers refuse UPDATE and DELETE."""
