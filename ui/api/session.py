"""Who asks, and what a script of the page must send with what it changes."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import AwareDatetime, Field

from agents.contract.schema import Frozen
from flows.service.accounts import Principal, Role, Scopes, Session
from ui.api.access import Needs

TAGS: list[str | Enum] = ["session"]


class SessionView(Frozen):
    """Who asks. `scopes` is what they may: all of their role, or of that what their token has."""

    name: str
    role: Role
    workspace: str
    groups: tuple[str, ...]
    scopes: Scopes
    csrf: Annotated[
        str | None,
        Field(description="What `X-CSRF-Token` must carry where a session changes something; null for a token."),
    ]
    expires: Annotated[AwareDatetime | None, Field(description="When the session ends if nothing more is heard of it.")]


def serve(app: FastAPI) -> None:
    """Add the operation."""

    @app.get("/session", tags=TAGS)
    async def get_session(principal: Annotated[Principal, Depends(Needs(None))]) -> SessionView:
        """Who asks and may what; for a script of the page, its CSRF token."""
        session = principal if isinstance(principal, Session) else None
        return SessionView(
            name=principal.name,
            role=principal.account.role,
            workspace=principal.account.workspace,
            groups=principal.account.groups,
            scopes=principal.scopes,
            csrf=session.csrf.get_secret_value() if session else None,
            expires=session.expires if session else None,
        )
