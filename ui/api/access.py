"""What an operation takes: somebody who is known, and who may."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from flows.service.accounts import Principal, Scope
from ui.access.principal import principal_of


class Needs:
    """A dependency on somebody who has a scope; None: on anybody who is known. Raises NotSignedInError, ForbiddenError."""

    def __init__(self, scope: Scope | None) -> None:
        self.scope = scope

    async def __call__(self, request: Request) -> Principal:
        """Who asks."""
        principal = principal_of(request)
        if self.scope is not None:
            principal.require(self.scope)
        return principal


AgentsReader = Annotated[Principal, Depends(Needs(Scope.AGENTS_READ))]
AgentsWriter = Annotated[Principal, Depends(Needs(Scope.AGENTS_WRITE))]
MetricsReader = Annotated[Principal, Depends(Needs(Scope.METRICS_READ))]
RunsReader = Annotated[Principal, Depends(Needs(Scope.RUNS_READ))]
RunsWriter = Annotated[Principal, Depends(Needs(Scope.RUNS_WRITE))]
WorkflowsReader = Annotated[Principal, Depends(Needs(Scope.WORKFLOWS_READ))]
WorkflowsWriter = Annotated[Principal, Depends(Needs(Scope.WORKFLOWS_WRITE))]
ApprovalsReader = Annotated[Principal, Depends(Needs(Scope.APPROVALS_READ))]
Decider = Annotated[Principal, Depends(Needs(Scope.APPROVALS_DECIDE))]
