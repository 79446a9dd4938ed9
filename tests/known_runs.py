"""Runs that a test knows, where no Prefect server is needed: everything else of them is real."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID

from flows.errors import UnknownError
from flows.reports import archive
from flows.reports.schema import RunReport
from flows.service.runs import RunHandle, Runs, RunState
from flows.settings import Settings

BEGAN = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)

_SECONDS = itertools.count(1.0)
"""No two tests have the same run: what is known of it is kept by its id and how long it worked."""


class KnownRuns(Runs):
    """The runs that were put into it. Their reports are kept where runs keep them."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.known: list[RunHandle] = []

    def get(self, run_id: UUID) -> RunHandle:
        found = next((run for run in self.known if run.id == run_id), None)
        if found is None:
            raise UnknownError(f"there is no run {run_id}")
        return found

    def list(
        self, limit: int = 20, *, offset: int = 0, state: RunState | None = None, deployed: str | None = None
    ) -> list[RunHandle]:
        assert deployed is None
        return [run for run in self.known[::-1] if state in (None, run.state)][offset : offset + limit]

    def put(self, report: RunReport, *, state: RunState = RunState.COMPLETED) -> UUID:
        """A run, newer than those before, and its report. A run of an id that is known was tried again."""
        run = RunHandle(
            id=UUID(report.run), name=report.name, workflow=report.workflow, repository=report.repository, state=state,
            created=BEGAN + timedelta(hours=len(self.known)), seconds=next(_SECONDS),
        )  # fmt: skip
        self.known = [*(other for other in self.known if other.id != run.id), run]
        if state.final:
            archive.save(report)
        return run.id
