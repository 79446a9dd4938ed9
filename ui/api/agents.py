"""The agents that workflows can use: those of the hub, and those that a workspace registers."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated, Any

from fastapi import FastAPI, Response
from pydantic import Field, JsonValue

from agents.contract.manifest import Isolation, Limits, Risk
from agents.contract.schema import Frozen
from flows.service.agents import AgentInfo, info_of
from flows.service.registry import KnownAgent, Registration
from ui.api.access import AgentsReader, AgentsWriter
from ui.api.given import NameInPath
from ui.api.hub import Hub
from ui.api.paging import Page, Wanted
from ui.api.problems import problems

TAGS: list[str | Enum] = ["agents"]

JsonSchema = dict[str, Any]
"""A JSON Schema, whose shape that standard gives."""


class NewAgent(Frozen):
    """An image that holds an agent. `manifest` may be left out where the image has it in its label `dockyard.manifest`."""

    image: Annotated[str, Field(min_length=1, max_length=512, examples=["registry.example.com/team/agent:1.2"])]
    manifest: dict[str, JsonValue] | None = None

    @property
    def text(self) -> str | None:
        """The manifest as text."""
        return None if self.manifest is None else json.dumps(self.manifest)


class AgentView(Frozen):
    """An agent as its manifest declares it. `params` and `report` are JSON Schemas of what it takes and gives.

    `registration` is empty for an agent that comes with the hub.
    """

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
    registration: Registration | None = None


def serve(app: FastAPI, hub: Hub) -> None:
    """Add the operations on agents."""

    @app.get("/agents", tags=TAGS)
    def list_agents(asks: AgentsReader, part: Wanted) -> Page[AgentInfo]:
        """All of them, by name."""
        return part.of([info_of(one.manifest) for one in hub.registry(asks).list()])

    @app.post("/agents", tags=TAGS, status_code=201, responses=problems(409))
    def register_agent(asks: AgentsWriter, new: NewAgent, response: Response) -> AgentView:
        """Make an agent known that is in an image, pinned to the digest that the image has now."""
        made = hub.registry(asks).register(new.image, asks.name, new.text)
        response.headers["Location"] = f"/api/agents/{made.manifest.name}"
        return _view(made)

    @app.get("/agents/{name}", tags=TAGS)
    def get_agent(asks: AgentsReader, name: NameInPath) -> AgentView:
        """An agent with all that it declares: what it takes and gives, how risky it is, what it may use and reach."""
        return _view(hub.registry(asks).get(name))

    @app.put("/agents/{name}", tags=TAGS, responses=problems(409))
    def update_agent(asks: AgentsWriter, name: NameInPath, new: NewAgent) -> AgentView:
        """Let runs from now on take a registered agent from another image, or from what the same one is now."""
        return _view(hub.registry(asks).update(name, new.image, asks.name, new.text))

    @app.delete("/agents/{name}", tags=TAGS, status_code=204, responses=problems(409))
    def remove_agent(asks: AgentsWriter, name: NameInPath) -> None:
        """Let no new run use a registered agent; those that have begun keep it."""
        hub.registry(asks).remove(name, asks.name)


def _view(known: KnownAgent) -> AgentView:
    manifest = known.manifest
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
        registration=known.registration,
    )
