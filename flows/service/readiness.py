"""Whether this hub can serve: its database and its Prefect server answer."""

from __future__ import annotations

from functools import cached_property

from sqlalchemy import Engine, text

from agents.contract.schema import Frozen
from flows.errors import DockyardError
from flows.service.local import LocalServices
from flows.service.server import configured_api
from flows.settings import Settings
from flows.store import open_store, read

PATIENCE = 2.0
"""Seconds that Prefect may take to answer."""


class Readiness(Frozen):
    """What answers."""

    database: bool
    prefect: bool

    @property
    def ready(self) -> bool:
        """Whether all does."""
        return self.database and self.prefect


class Probe:
    """Looks at both. The database is opened by the first look that reaches it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def look(self) -> Readiness:
        """What answers now; raises nothing because of what does not."""
        return Readiness(database=self._database(), prefect=self._prefect())

    def _database(self) -> bool:
        try:
            read(self._engine, lambda connection: connection.execute(text("SELECT 1")))
        except DockyardError:
            return False
        return True

    def _prefect(self) -> bool:
        from httpx import HTTPError, InvalidURL, get

        living = LocalServices(self._settings).living()
        address = configured_api() or (living[0] if living else None)
        if address is None:
            return False
        try:
            return get(f"{address}/health", timeout=PATIENCE).status_code == 200
        except (HTTPError, InvalidURL):
            return False

    @cached_property
    def _engine(self) -> Engine:
        return open_store(self._settings)
