"""The agents that workflows can use."""

from __future__ import annotations

from enum import Enum
from typing import Any

from fastapi import Depends, FastAPI

from agents.contract.manifest import Isolation, Limits, Manifest, Risk
from agents.contract.schema import Frozen
from flows.service.accounts import Scope
from flows.service.agents import AgentInfo, agents, manifest_of
from ui.api.access import Needs
from ui.api.given import NameInPath
from ui.api.paging import Page, Wanted

TAGS: list[str | Enum] = ["agents"]

JsonSchema = dict[str, Any]
"""A JSON Schema, whose shape that standard gives."""


class AgentView(Frozen):
    """An agent as its manifest declares it. `params` and `report` are JSON Schemas of what it takes and gives."""

    name: str
    version: str
    description: str
    risk: Risk
    image: str
    limits: Limits
    network: tuple[str, ...]
    secrets: tuple[str, ...]
    isolation: Isolation
    params: JsonSchema
    report: JsonSchema


def serve(app: FastAPI) -> None:
    """Add the operations on agents."""
    needed = [Depends(Needs(Scope.AGENTS_READ))]

    @app.get("/agents", tags=TAGS, dependencies=needed)
    def list_agents(part: Wanted) -> Page[AgentInfo]:
        """All of them, by name."""
        return part.of(agents())

    @app.get("/agents/{name}", tags=TAGS, dependencies=needed)
    def get_agent(name: NameInPath) -> AgentView:
        """An agent with all that it declares: what it takes and gives, how risky it is, what it may use and reach."""
        return _view(manifest_of(name))


def _view(manifest: Manifest) -> AgentView:
    return AgentView(
        name=manifest.name,
        version=manifest.version,
        description=manifest.description,
        risk=manifest.risk,
        image=manifest.image,
        limits=manifest.limits,
        network=manifest.network,
        secrets=manifest.secrets,
        isolation=manifest.isolation,
        params=manifest.params.model_json_schema(),
        report=manifest.report.model_json_schema(),
    )
