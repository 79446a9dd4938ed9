"""What a run found: its report in every format, and its findings a page at a time."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, Query, Response
from fastapi.responses import StreamingResponse

from agents.contract.schema import Finding, Frozen, Severity
from flows.service import Format
from flows.service.reports import Choice
from ui.api.access import RunsReader
from ui.api.hub import Hub
from ui.api.paging import Page, Wanted
from ui.api.problems import Responses
from ui.api.runs import TAGS

_MEDIA_TYPES = {
    Format.TEXT: ("text/plain", "txt"),
    Format.JSON: ("application/json", "json"),
    Format.MARKDOWN: ("text/markdown", "md"),
    Format.SARIF: ("application/sarif+json", "sarif"),
    Format.HTML: ("text/html", "html"),
    Format.CSV: ("text/csv", "csv"),
    Format.CYCLONEDX: ("application/vnd.cyclonedx+json", "cdx.json"),
}


class Found(Frozen):
    """A finding, and the node that found it."""

    node: str
    finding: Finding


def serve(app: FastAPI, hub: Hub) -> None:
    """Add the operations on runs' reports."""
    content: Responses = {200: {"content": {media_type: {"schema": {}} for media_type, _ in _MEDIA_TYPES.values()}}}

    @app.get("/runs/{run}/report", tags=TAGS, response_class=Response, responses=content)
    def get_report(
        asks: RunsReader, run: UUID, form: Annotated[Format, Query(alias="format", description="As what.")] = Format.JSON
    ) -> Response:
        """The whole report of a finished run, every finding in it, as a file."""
        media_type, ending = _MEDIA_TYPES[form]
        pieces = hub.reports(asks).render(run, form)
        headers = {"Content-Disposition": f'attachment; filename="dockyard-{run}.{ending}"'}
        return StreamingResponse(pieces, media_type=media_type, headers=headers)

    @app.get("/runs/{run}/findings", tags=TAGS)
    def list_findings(
        asks: RunsReader,
        run: UUID,
        part: Wanted,
        severity: Annotated[Severity | None, Query(description="Of that severity or worse.")] = None,
        rule: Annotated[str | None, Query(max_length=200, description="Of that rule alone.")] = None,
    ) -> Page[Found]:
        """The findings of a finished run, worst first, then by file and line."""
        chosen = Choice(at_least=severity, rule=rule)
        found = hub.reports(asks).read(run).entries(chosen, part.offset, part.with_one_more)
        return part.page([Found(node=entry.node, finding=entry.finding) for entry in found])
