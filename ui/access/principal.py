"""Who is behind a request, as `Guard` found out, for everything that is mounted below it."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from flows.service.accounts import NotSignedInError, Principal

_STATE = "principal"


def set_principal(connection: HTTPConnection, principal: Principal) -> None:
    """Say who is behind the request."""
    setattr(connection.state, _STATE, principal)


def principal_of(connection: HTTPConnection) -> Principal:
    """Who is behind the request. Raises NotSignedInError where nobody has found that out."""
    found = getattr(connection.state, _STATE, None)
    if not isinstance(found, Principal):
        raise NotSignedInError("sign in first")
    return found
