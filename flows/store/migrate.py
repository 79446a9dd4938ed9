"""Bringing a database's tables to what this version wants: once, by one process, whoever else opens it meanwhile."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from flows.errors import UnavailableError
from flows.store.migrations import NEWEST
from flows.store.tables import metadata
from flows.store.transactions import read, write

FOLDER = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> None:
    """Run the migrations that are missing. Raises UnavailableError, also for a database of a newer Dockyard."""
    if read(engine, version) != NEWEST:
        write(engine, _upgrade)


def version(connection: Connection) -> str | None:
    """The newest migration that the database has seen."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _upgrade(connection: Connection) -> None:
    # Late: alembic takes longer to import than a database that needs nothing takes to open.
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory
    from alembic.script.revision import ResolutionError
    from alembic.util import CommandError

    scripts = ScriptDirectory(str(FOLDER))
    found = version(connection)
    try:
        scripts.get_revision(found or NEWEST)
    except (CommandError, ResolutionError) as error:
        message = f"the database was made by a newer Dockyard (its tables are of version {found}); upgrade this one"
        raise UnavailableError(message) from error
    # Without an env.py, which alembic would run as a module: the connection is ours, and so is its transaction.
    steps = EnvironmentContext(Config(), scripts)
    steps.configure(
        connection=connection,
        target_metadata=metadata,
        fn=lambda current, _: scripts._upgrade_revs(NEWEST, current),  # what alembic's own `upgrade` command passes
    )
    steps.run_migrations()
