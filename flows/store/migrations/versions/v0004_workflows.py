"""Workflows that people keep in the hub, every version of each, which nobody changes or removes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table, and the triggers that keep its rows."""
    op.create_table(
        "workflows",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("workspace", sa.String(63), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("author", sa.String(128), nullable=False),
        sa.Column("text", sa.Text),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER workflows_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON workflows "
            "FOR EACH STATEMENT EXECUTE FUNCTION dockyard_append_only()"
        )
        return
    for act in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER workflows_no_{act} BEFORE {act.upper()} ON workflows "
            "BEGIN SELECT RAISE(ABORT, 'workflows is append-only'); END"
        )
