"""People, how they prove who they are, and the links that are sent to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table("workspaces", sa.Column("name", sa.String(63), primary_key=True))
    op.create_table(
        "accounts",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("workspace", sa.String(63), sa.ForeignKey("workspaces.name"), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("groups", sa.Text, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("password", sa.String(256), nullable=False),
    )
    op.create_index("ix_accounts_workspace", "accounts", ["workspace"])
    op.create_table(
        "attempts",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(64), primary_key=True),
        _owner(),
        sa.Column("began", sa.String(27), nullable=False),
        sa.Column("seen", sa.String(27), nullable=False),
    )
    op.create_index("ix_sessions_account", "sessions", ["account"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(16), primary_key=True),
        _owner(),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("made", sa.String(27), nullable=False),
        sa.Column("expires", sa.String(27), nullable=False),
        sa.Column("used", sa.String(27)),
        sa.Column("revoked", sa.String(27)),
    )
    op.create_index("ix_tokens_account", "tokens", ["account"])
    op.create_table(
        "links",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("opened", sa.String(27), nullable=False),
        sa.Column("expires", sa.String(27), nullable=False),
    )
    op.create_table(
        "signing_keys",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("value", sa.String(64), nullable=False),
    )


def _owner() -> sa.Column[str]:
    return sa.Column("account", sa.String(128), sa.ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False)
