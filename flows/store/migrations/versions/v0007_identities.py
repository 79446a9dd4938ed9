"""Who at an identity provider is which account, and the sign-ins that came back from there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(255), primary_key=True),
        sa.Column("subject", sa.String(255), primary_key=True),
        sa.Column("account", sa.String(128), sa.ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False),
        sa.Column("bound", sa.String(27), nullable=False),
        sa.UniqueConstraint("account", "issuer", name="uq_identities_account_issuer"),
    )
    op.create_table(
        "used_states",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("expires", sa.String(27), nullable=False),
    )
    op.create_index("ix_used_states_expires", "used_states", ["expires"])
