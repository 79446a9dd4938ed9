"""The hub as the API reaches it: opened by the first request that needs a part of it, and shared by all."""

from __future__ import annotations

from functools import cached_property

from flows.service import Caller, Runs, RunState, Via
from flows.service.accounts import DEFAULT_WORKSPACE, Principal
from flows.service.approvals import Approvals, Survey
from flows.service.events import Events
from flows.service.library import Workflows
from flows.service.registry import Registry
from flows.service.reports import Reports
from flows.settings import Settings


class Hub:
    """One for each API."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._workflows: dict[str, Workflows] = {}
        self._registries: dict[str, Registry] = {}

    def approvals(self, principal: Principal) -> Approvals:
        """The gates of the workspace of who asks."""
        return self._approvals.of(principal.account.workspace)

    def runs(self, principal: Principal) -> Runs:
        """The runs of the workspace of who asks, on their behalf."""
        return self._runs.acting_for(Caller(name=principal.name, via=Via.API, workspace=principal.account.workspace))

    def reports(self, principal: Principal) -> Reports:
        """Reports of those runs."""
        return Reports(self.settings, self.runs(principal))

    def count_runs(self, principal: Principal) -> dict[RunState, int]:
        """How many runs are in each state, for the numbers of `survey`. Raises UnavailableError."""
        return self._runs.count() if _counts_all(principal) else self.runs(principal).count()

    def survey(self, principal: Principal) -> Survey:
        """Every gate, to be counted: of the whole hub for people of the default workspace, who run it."""
        return (self._approvals if _counts_all(principal) else self.approvals(principal)).survey(everything=True)

    def workflows(self, principal: Principal) -> Workflows:
        """The workflows of the workspace of who asks."""
        workspace = principal.account.workspace
        if workspace not in self._workflows:
            self._workflows[workspace] = Workflows(self.settings, workspace)
        return self._workflows[workspace]

    def registry(self, principal: Principal) -> Registry:
        """The agents of the workspace of who asks."""
        workspace = principal.account.workspace
        if workspace not in self._registries:
            self._registries[workspace] = Registry(self.settings, workspace)
        return self._registries[workspace]

    @cached_property
    def events(self) -> Events:
        """What takes in events."""
        return Events(self.settings, self._runs)

    @cached_property
    def _approvals(self) -> Approvals:
        return Approvals(self.settings)

    @cached_property
    def _runs(self) -> Runs:
        return Runs(self.settings)


def _counts_all(principal: Principal) -> bool:
    return principal.account.workspace == DEFAULT_WORKSPACE
