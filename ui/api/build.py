"""The API as one application, to be mounted at `/api`."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI

from flows.settings import Settings
from ui.api import agents, approvals, events, metrics, reports, runs, session, workflows
from ui.api.description import describe
from ui.api.hub import Hub
from ui.api.problems import EVERYWHERE, answer_errors, problems

DESCRIPTION = (
    "What Dockyard does, for programs: workflows, their runs, and the gates at which those wait for people. Send an API "
    "token as Authorization: Bearer …; a script of the page, which has a session, sends the csrf of GET /api/session as "
    "X-CSRF-Token with what changes something. Errors are problem documents (RFC 9457)."
)


def api(settings: Settings) -> FastAPI:
    """The API of the hub of `settings`. Who asks is what `ui.access.principal.principal_of` says: never serve it alone."""
    app = FastAPI(
        title="Dockyard API",
        version=version("dockyard"),
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=problems(*EVERYWHERE),
    )
    hub = Hub(settings)
    for part in (agents, workflows, runs, reports, approvals, events, metrics):
        part.serve(app, hub)
    session.serve(app)
    answer_errors(app)
    describe(app)
    return app
