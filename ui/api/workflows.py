"""Workflows: those that are shipped, and those that people keep in the hub."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated

from fastapi import Depends, FastAPI, Response
from pydantic import Field

from agents.contract.schema import Frozen
from flows.service.accounts import Scope
from flows.service.library import WorkflowInfo, WorkflowText
from flows.service.lint import STDIN, Linted, lint_files
from ui.api.access import Needs, WorkflowsReader, WorkflowsWriter
from ui.api.given import NameInPath
from ui.api.hub import Hub
from ui.api.paging import Page, Wanted
from ui.api.problems import problems
from ui.api.runs import MAX_TEXT

TAGS: list[str | Enum] = ["workflows"]

Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT, description="The workflow in YAML.")]


class New(Frozen):
    """A workflow to keep, under the name that its text gives."""

    text: Text


class Changed(Frozen):
    """Another text of a workflow; `version` is the one that it shall follow, where that matters."""

    text: Text
    version: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None


class Version(Frozen):
    """What somebody made of a workflow, and when. `text` is null where they deleted it."""

    version: int
    author: str
    at: datetime
    text: str | None


def serve(app: FastAPI, hub: Hub) -> None:
    """Add the operations on workflows."""

    @app.get("/workflows", tags=TAGS)
    def list_workflows(asks: WorkflowsReader, part: Wanted) -> Page[WorkflowInfo]:
        """All that can be started by name, by name."""
        return part.of(hub.workflows(asks).list())

    @app.post("/workflows", tags=TAGS, status_code=201, responses=problems(409))
    def create_workflow(asks: WorkflowsWriter, new: New, response: Response) -> WorkflowInfo:
        """Keep a workflow and deploy it. Who keeps it is its author, and approves no change that a run of it wants."""
        made = hub.workflows(asks).create(new.text, asks.name)
        response.headers["Location"] = f"/api/workflows/{made.name}"
        return made

    @app.post("/workflows/lint", tags=TAGS, dependencies=[Depends(Needs(Scope.WORKFLOWS_READ))])
    def lint_workflow(asks: WorkflowsReader, new: New) -> Linted:
        """Every problem of a text, with its place and what to do. Nothing is kept."""
        return lint_files([STDIN], hub.settings, stdin=new.text, workspace=asks.account.workspace)

    @app.get("/workflows/{name}", tags=TAGS)
    def get_workflow(asks: WorkflowsReader, name: NameInPath) -> WorkflowText:
        """A workflow with its text and params, and what hinders it."""
        return hub.workflows(asks).get(name)

    @app.put("/workflows/{name}", tags=TAGS, responses=problems(409))
    def update_workflow(asks: WorkflowsWriter, name: NameInPath, changed: Changed) -> WorkflowInfo:
        """Give a kept workflow another text, whose author is who asks. Runs that have begun keep theirs."""
        return hub.workflows(asks).update(name, changed.text, asks.name, version=changed.version)

    @app.delete("/workflows/{name}", tags=TAGS, status_code=204, responses=problems(409))
    def delete_workflow(asks: WorkflowsWriter, name: NameInPath) -> None:
        """Let nothing start a kept workflow any more. Its runs and its versions stay."""
        hub.workflows(asks).delete(name, asks.name)

    @app.get("/workflows/{name}/versions", tags=TAGS)
    def list_versions(asks: WorkflowsReader, name: NameInPath, part: Wanted) -> Page[Version]:
        """Who made what of a kept workflow, the newest first; also of one that was deleted."""
        found = hub.workflows(asks).history(name)
        return part.of([Version(version=one.version, author=one.author, at=one.at, text=one.text) for one in found])
