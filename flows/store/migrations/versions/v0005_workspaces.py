"""Runs belong to a workspace, and a workspace says which repositories its runs may read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add both columns; what is there already is the default workspace's, which may read what the hub can."""
    op.add_column("runs", sa.Column("workspace", sa.String(63), nullable=False, server_default="default"))
    op.add_column("workspaces", sa.Column("repositories", sa.Text, nullable=False, server_default="[]"))
    op.execute("UPDATE workspaces SET repositories = '[\"**\"]' WHERE name = 'default'")
