"""How steps failed before a run was suspended: when it is entered again they have failed already, and none runs twice.

Prefect keeps results, and a failure has none. A run that is started again after its end tries everything anew.
"""

from __future__ import annotations

from pydantic import TypeAdapter

from flows.execution.outcome import Outcome
from flows.reports import archive

_FILE = "failed-steps.json"
_OUTCOMES: TypeAdapter[dict[str, Outcome]] = TypeAdapter(dict[str, Outcome])


class Failures:
    """Those of one run, by the steps' keys."""

    def __init__(self, run: str) -> None:
        self._run = run
        found = archive.kept(run, _FILE)
        self.suspended = found is not None
        """Whether the run has been suspended before."""
        self._before = {} if found is None else _OUTCOMES.validate_json(found)
        self._now: dict[str, Outcome] = {}

    def of(self, key: str) -> Outcome | None:
        """How the step failed before; None when it did not."""
        return self._before.get(key)

    def note(self, key: str, outcome: Outcome) -> None:
        """Remember an end; may be called in any thread."""
        if not outcome.status.ok:
            self._now[key] = outcome

    def keep(self) -> None:
        """Write them down, before the run is suspended."""
        archive.keep(self._run, _FILE, _OUTCOMES.dump_json(self._before | self._now))

    def forget(self) -> None:
        """The run has ended."""
        if self._before:
            archive.keep(self._run, _FILE, b"{}")
