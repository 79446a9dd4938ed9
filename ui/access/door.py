"""The door: signing in, signing out, and the links that lead to a gate."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio.to_thread
from anyio import CapacityLimiter
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route, Router

from flows.errors import UnavailableError
from flows.service.accounts import (
    ForgedRequestError,
    LinkError,
    NotSignedInError,
    Session,
    TooManyAttemptsError,
    WrongCredentialsError,
)
from ui.access.addresses import HOME, LINKS, LOGIN, LOGOUT, gate_address, local
from ui.access.cookies import ARRIVALS, SESSION, with_arrival
from ui.access.form import FormError, read_form
from ui.access.html import LinkPage, SignedInPage
from ui.access.identity import Identity
from ui.access.login import Login, sentence
from ui.access.origin import same_origin
from ui.access.principal import principal_of
from ui.access.provider_door import ProviderDoor
from ui.oidc.provider import Provider
from ui.settings import WebSettings

HASHES_AT_ONCE = 2
"""Passwords that are checked at the same time: each takes 64 MiB and a core."""

_LEFT = "left"
"""In the login page's query, after signing out."""


def door(identity: Identity, settings: WebSettings, provider: Provider | None = None) -> Router:
    """The pages by which people come in and go. All but `/login` and what is below it expect a principal: `Guard` stands
    before them."""
    login = Login(provider.label if provider else "")
    made = _Door(identity, settings, login, provider)
    return Router(
        [
            *(ProviderDoor(identity, provider, login).routes() if provider else ()),
            Route(LOGIN, made.show, methods=["GET"]),
            Route(LOGIN, made.sign_in, methods=["POST"]),
            Route(LOGOUT, made.sign_out, methods=["POST"]),
            Route(f"{LINKS}/{{token}}", made.follow, methods=["GET"]),
        ],
        redirect_slashes=False,
    )


@dataclass
class _Door:
    identity: Identity
    settings: WebSettings
    login: Login
    provider: Provider | None
    hashing: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(HASHES_AT_ONCE))

    async def show(self, request: Request) -> Response:
        """The login page; for who is signed in, the way on and out."""
        then = local(request.query_params.get("next", HOME))
        session = await self._session(request)
        if session is None:
            if _LEFT in request.query_params:
                return self.login.left(self.provider.leave(f"{self.settings.public_url}{LOGIN}") if self.provider else None)
            return self.login.page(then=then)
        return _html(SignedInPage(session=session, then=then).html())

    async def sign_in(self, request: Request) -> Response:
        """Begin a session, in place of the one that the browser had."""
        if not same_origin(request, self.settings.public_url):
            # Else a page elsewhere could sign people in as its own account, and see what they do there.
            return self.login.page("this did not come from the login page; sign in here", 403)
        try:
            form = await read_form(request)
        except FormError as error:
            return self.login.page(error, 400)
        then, name = local(form.get("next", HOME)), form.get("name", "")
        known = self.identity.accounts
        try:
            signed = await anyio.to_thread.run_sync(
                known.sign_in, name, SecretStr(form.get("password", "")), limiter=self.hashing
            )
            await self._end(request)
        except WrongCredentialsError as error:
            return self.login.page(error, 401, then=then, name=name, headers={"WWW-Authenticate": "Bearer"})
        except TooManyAttemptsError as error:
            headers = {"Retry-After": str(error.retry_after)}
            said = f"{sentence(error)} If the password is lost, an admin can give another."
            return self.login.page(said, 429, then=then, name=name, headers=headers)
        except UnavailableError as error:
            return self.login.page(error, 503, then=then, name=name)
        response = RedirectResponse(then, status_code=303)
        self.identity.cookies.put(response, request, SESSION, signed.id.get_secret_value())
        return response

    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        session = principal_of(request)
        try:
            form = await read_form(request)
            if isinstance(session, Session):
                self.identity.accounts.check_csrf(session, form.get("csrf"))
        except (FormError, ForgedRequestError) as error:
            return _html(LinkPage(title="Not signed out", said=sentence(error), then=LOGIN, label="Try again").html(), 403)
        await self._end(request)
        response = RedirectResponse(f"{LOGIN}?{_LEFT}" if self.provider else LOGIN, status_code=303)
        self.identity.cookies.drop(response, request)
        return response

    async def follow(self, request: Request) -> Response:
        """Open a link of a notification for who is signed in. It decides nothing."""
        session = principal_of(request)
        known, cookies = self.identity.accounts, self.identity.cookies
        try:
            link = await self.identity.ask(known.open_link, request.path_params["token"], session.name)
        except LinkError as error:
            then, label = (gate_address(error.gate), "Show the gate") if error.gate else (HOME, "Show what waits for me")
            title = "This link does not lead on"
            return _html(LinkPage(title=title, said=sentence(error), then=then, label=label).html(), 404)
        response = RedirectResponse(gate_address(link.gate), status_code=303)
        if isinstance(session, Session):
            seal = await self.identity.ask(known.seal_arrival, session, link.gate)
            cookies.put(response, request, ARRIVALS, with_arrival(cookies.read(request, ARRIVALS), link.gate, seal))
        return response

    async def _session(self, request: Request) -> Session | None:
        try:
            found = await self.identity.find(request)
        except (NotSignedInError, UnavailableError):
            return None
        return found if isinstance(found, Session) else None

    async def _end(self, request: Request) -> None:
        if session := self.identity.cookies.read(request, SESSION):
            await self.identity.ask(self.identity.accounts.sign_out, session)


def _html(body: str, status: int = 200) -> Response:
    return HTMLResponse(body, status)
