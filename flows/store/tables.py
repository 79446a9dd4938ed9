"""The tables, as SQLAlchemy knows them; `migrations` makes them, and a test holds the two together.

Times are text in UTC of one width, so that a row's hash is over the very characters that are stored, on every database.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

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
    Column("workspace", String(63), nullable=False, server_default="default"),
)
"""Who asked for a run and whose it is; written once, and triggers refuse UPDATE and DELETE."""

workspaces = Table(
    "workspaces",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("repositories", Text, nullable=False, server_default="[]"),
)
"""Tenants: what belongs to one is invisible to the others. `repositories`, patterns of what its runs may read, is JSON."""

accounts = Table(
    "accounts",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("workspace", String(63), ForeignKey("workspaces.name"), nullable=False, index=True),
    Column("role", String(16), nullable=False),
    Column("groups", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("password", String(256), nullable=False),
)
"""People; `groups` is a JSON list, `password` an argon2 hash, empty for somebody who has none."""

attempts = Table(
    "attempts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("at", String(27), nullable=False),
)
"""Sign-ins that did not succeed, by the sha256 of the name given: people type passwords into the wrong field."""

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("account", String(128), ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("began", String(27), nullable=False),
    Column("seen", String(27), nullable=False),
)
"""Who is signed in, by the sha256 of the id in the cookie."""

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("account", String(128), ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("label", String(100), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("made", String(27), nullable=False),
    Column("expires", String(27), nullable=False),
    Column("used", String(27)),
    Column("revoked", String(27)),
)
"""API tokens, by the sha256 of their secret; `scopes` is a JSON list."""

links = Table(
    "links",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("opened", String(27), nullable=False),
    Column("expires", String(27), nullable=False),
)
"""Links that were opened: no second time. A row may go once the link has expired."""

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", String(64), nullable=False),
)
"""Keys that every replica signs with, as hexadecimal digits; made by whoever needs one first."""

identities = Table(
    "identities",
    metadata,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("account", String(128), ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False),
    Column("bound", String(27), nullable=False),
    UniqueConstraint("account", "issuer", name="uq_identities_account_issuer"),
)
"""Who at an identity provider is which account: bound once, by what the provider never gives to somebody else."""

used_states = Table(
    "used_states",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("expires", String(27), nullable=False, index=True),
)
"""Sign-ins that came back from an identity provider, by the sha256 of their state: no second time. A row may go once the
sign-in has expired."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("gate", String(36), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("recipient", String(140), primary_key=True),
    Column("channel", String(210), primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("due", String(27), nullable=False, index=True),
    Column("told", String(27)),
)
"""Messages about gates: whom to tell of which row and how; `told` is when that was over, and empty before."""

positions = Table(
    "positions",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
)
"""How far readers of the ledger have come, shared by all replicas."""

agents = Table(
    "agents",
    metadata,
    Column("workspace", String(63), primary_key=True),
    Column("name", String(63), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", String(27), nullable=False),
    Column("author", String(128), nullable=False),
    Column("reference", String(512), nullable=False),
    Column("image", String(512), nullable=False),
    Column("manifest", Text),
)
"""Every version of the agents that people registered, without a manifest where it was removed; append-only.

`reference` is the image as it was named, `image` the digest that it had then.
"""

workflows = Table(
    "workflows",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("workspace", String(63), nullable=False),
    Column("at", String(27), nullable=False),
    Column("author", String(128), nullable=False),
    Column("text", Text),
)
"""Every version of the workflows that people keep in the hub, without a text where it was deleted; append-only."""
