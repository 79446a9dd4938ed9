"""The hub as the API reaches it: opened by the first request that needs a part of it, and shared by all."""

from __future__ import annotations

from functools import cached_property

from flows.service import Caller, Runs, Via
from flows.service.accounts import Principal
from flows.service.approvals import Approvals
from flows.settings import Settings


class Hub:
    """One for each API."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def approvals(self) -> Approvals:
        """The gates."""
        return Approvals(self.settings)

    def runs(self, principal: Principal) -> Runs:
        """The runs, on behalf of who asks."""
        return self._runs.acting_for(Caller(name=principal.name, via=Via.API))

    @cached_property
    def _runs(self) -> Runs:
        return Runs(self.settings)
