"""Agents that people register, every version of each, which nobody changes or removes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table, and the triggers that keep its rows."""
    op.create_table(
        "agents",
        sa.Column("workspace", sa.String(63), primary_key=True),
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("author", sa.String(128), nullable=False),
        sa.Column("reference", sa.String(512), nullable=False),
        sa.Column("image", sa.String(512), nullable=False),
        sa.Column("manifest", sa.Text),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER agents_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON agents "
            "FOR EACH STATEMENT EXECUTE FUNCTION dockyard_append_only()"
        )
        return
    for act in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER agents_no_{act} BEFORE {act.upper()} ON agents "
            "BEGIN SELECT RAISE(ABORT, 'agents is append-only'); END"
        )
