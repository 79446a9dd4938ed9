"""The hub as the API reaches it: opened by the first request that needs a part of it, and shared by all."""

from __future__ import annotations

from functools import cached_property

from flows.service import Caller, Runs, RunState, Via
from flows.service.accounts import Principal
from flows.service.approvals import Approvals
from flows.service.events import Events
from flows.service.library import Workflows
from flows.service.reports import Reports
from flows.settings import Settings


class Hub:
    """One for each API."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._workflows: dict[str, Workflows] = {}

    @cached_property
    def approvals(self) -> Approvals:
        """The gates."""
        return Approvals(self.settings)

    def runs(self, principal: Principal) -> Runs:
        """The runs, on behalf of who asks."""
        return self._runs.acting_for(Caller(name=principal.name, via=Via.API))

    def reports(self, principal: Principal) -> Reports:
        """Reports of those runs."""
        return Reports(self.settings, self.runs(principal))

    def count_runs(self) -> dict[RunState, int]:
        """How many runs are in each state. Raises UnavailableError."""
        return self._runs.count()

    def workflows(self, principal: Principal) -> Workflows:
        """The workflows of the workspace of who asks."""
        workspace = principal.account.workspace
        if workspace not in self._workflows:
            self._workflows[workspace] = Workflows(self.settings, workspace)
        return self._workflows[workspace]

    @cached_property
    def events(self) -> Events:
        """What takes in events."""
        return Events(self.settings, self._runs)

    @cached_property
    def _runs(self) -> Runs:
        return Runs(self.settings)
