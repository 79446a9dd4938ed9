"""Messages about gates that are to be delivered, and how far the ledger was read for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "deliveries",
        sa.Column("gate", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("recipient", sa.String(140), primary_key=True),
        sa.Column("channel", sa.String(210), primary_key=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due", sa.String(27), nullable=False),
        sa.Column("told", sa.String(27)),
    )
    op.create_index("ix_deliveries_due", "deliveries", ["due"])
    op.create_table(
        "positions",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
    )
