"""Nothing is answered before it is known who asks."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from flows.errors import UnavailableError
from flows.service.accounts import Accounts, ForbiddenError, ForgedRequestError, NotSignedInError, Principal, Session
from ui.access.addresses import LINKS, LOGIN, LOGOUT, OIDC, OIDC_CALLBACK, changes_something, is_open, login_for, wanted
from ui.access.cookies import Cookies
from ui.access.door import door
from ui.access.identity import Identity
from ui.access.origin import same_origin
from ui.access.principal import set_principal
from ui.hardening.paths import API, is_below
from ui.hardening.problem import Problem, answer
from ui.oidc.provider import Provider
from ui.settings import WebSettings

CSRF_HEADER = "x-csrf-token"


class Guard:
    """Stands before the whole of `app`, answers signing in, signing out and links itself, and says below it who asks.

    `app` meets requests of nobody only where `is_open` says so. Everything else has a principal: see `principal_of`.
    """

    def __init__(self, app: ASGIApp, accounts: Accounts, settings: WebSettings, provider: Provider | None = None) -> None:
        self.app = app
        self.accounts = accounts
        self.settings = settings
        self.identity = Identity(accounts, Cookies(settings))
        self.door = door(self.identity, settings, provider)
        self.open_doors = {LOGIN, OIDC, OIDC_CALLBACK} if provider else {LOGIN}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request of somebody who is known."""
        match scope["type"]:
            case "lifespan":
                await self.app(scope, receive, send)
            case "http":
                serve = await self._serve(scope)
                await serve(scope, receive, send)
            case _:
                await send({"type": "websocket.close", "code": 1008})

    async def _serve(self, scope: Scope) -> ASGIApp:
        if is_open(scope):
            return self.app
        if scope["path"] in self.open_doors:
            return self.door
        connection = HTTPConnection(scope)
        try:
            principal = await self.identity.find(connection)
            self._check_sender(connection, principal)
        except NotSignedInError as error:
            return _to_login(connection, str(error))
        except ForbiddenError as error:
            return answer(Problem(status=403, detail=f"{error}."), scope)
        except UnavailableError as error:
            return answer(Problem(status=503, detail=f"{error}."), scope)
        set_principal(connection, principal)
        return self.door if scope["path"] == LOGOUT or is_below(scope, LINKS) else self.app

    def _check_sender(self, connection: HTTPConnection, principal: Principal) -> None:
        """Raises ForgedRequestError where a browser may have been made to send this by somebody else's page."""
        if not isinstance(principal, Session) or not changes_something(connection.scope["method"]):
            return
        if is_below(connection.scope, API):
            self.accounts.check_csrf(principal, connection.headers.get(CSRF_HEADER))
        elif not same_origin(connection, self.settings.public_url):
            raise ForgedRequestError(
                "this request did not come from a page of yours; load the page again, under the address that "
                "DOCKYARD_PAGE_URL names if a proxy stands before it"
            )


def _to_login(connection: HTTPConnection, why: str) -> Response:
    if "text/html" not in connection.headers.get("accept", ""):
        problem = Problem(status=401, detail=f"{why[:1].upper()}{why[1:]}.")
        return answer(problem, connection.scope, {"WWW-Authenticate": "Bearer"})
    looks = not changes_something(connection.scope["method"])  # what was sent is lost: nothing is sent twice
    return RedirectResponse(login_for(wanted(connection.scope)) if looks else LOGIN, status_code=303)
