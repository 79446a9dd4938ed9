"""Signing in by an identity provider: the way there, and the way back."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from flows.errors import UnavailableError
from flows.service.accounts import (
    LastAdminError,
    NotSignedInError,
    PendingSignIn,
    StaleSignInError,
    UnknownPersonError,
    Vouched,
)
from ui.access.addresses import HOME, OIDC, OIDC_CALLBACK, local, login_for
from ui.access.cookies import PENDING, SESSION
from ui.access.identity import Identity
from ui.access.login import Login
from ui.oidc.claims import vouch
from ui.oidc.errors import ProviderAwayError, ProviderError, ProviderRefusedError
from ui.oidc.provider import Provider, plain

log = logging.getLogger("dockyard.web")

PENDING_SECONDS = 600
"""How long the browser keeps a sign-in that is under way; the hub takes it no longer either."""
_LONGEST_NEXT = 1000
"""Bytes of an address that a sign-in leads to: a cookie carries it there and back."""
_LONGEST_CODE = 4096
_ELSEWHERE = frozenset({"cross-site", "same-site"})


@dataclass(frozen=True)
class ProviderDoor:
    """The two addresses that the guard opens where a provider is set."""

    identity: Identity
    provider: Provider
    login: Login

    def routes(self) -> list[Route]:
        """Nothing but these."""
        return [
            Route(OIDC, self.leave, methods=["GET"]),
            Route(OIDC_CALLBACK, self.come_back, methods=["GET"]),
        ]

    async def leave(self, request: Request) -> Response:
        """Send the browser to the provider."""
        then = local(request.query_params.get("next", HOME))
        if request.headers.get("sec-fetch-site") in _ELSEWHERE:  # another site's page begins no sign-in here
            return RedirectResponse(login_for(then), status_code=303)
        try:
            address, pending = await self.provider.begin(then if len(then.encode()) <= _LONGEST_NEXT else HOME)
            sealed = await self.identity.ask(self.identity.accounts.begin_sign_in, pending)
        except (ProviderError, UnavailableError) as error:
            return self._failed(error, then)
        response = RedirectResponse(address, status_code=303)
        self.identity.cookies.put(response, request, PENDING, sealed, PENDING_SECONDS)
        return response

    async def come_back(self, request: Request) -> Response:
        """Begin a session of who comes back, or say on the login page why not."""
        then = HOME
        try:
            pending = await self._pending(request)
            then = pending.then
            vouched = await self._vouched(request, pending)
            response = await self._enter(request, vouched, then)
        except (ProviderError, NotSignedInError, LastAdminError, UnavailableError) as error:
            response = self._failed(error, then)
            if isinstance(error, StaleSignInError):  # another site may have sent them here: their own may go on
                return response
        self.identity.cookies.drop(response, request, PENDING)
        return response

    async def _pending(self, request: Request) -> PendingSignIn:
        sealed = self.identity.cookies.read(request, PENDING) or ""
        state = request.query_params.get("state", "")
        return await self.identity.ask(self.identity.accounts.redeem_sign_in, sealed, state)

    async def _vouched(self, request: Request, pending: PendingSignIn) -> Vouched:
        given = request.query_params
        issuer, code = given.get("iss"), given.get("code", "")
        who = f"the identity provider {self.provider.label}"
        if "error" in given:
            self.provider.check(issuer)
            if given["error"] == "access_denied":
                said = f"{who} let nobody in: the sign-in was cancelled there, or is not allowed to you"
            else:
                said = f"{who} refused this sign-in ({plain(given['error'])}); try again, or ask an admin"
            raise ProviderRefusedError(said, f"the provider sent back {plain(given['error'])}")
        if not 0 < len(code) <= _LONGEST_CODE:
            raise ProviderRefusedError(f"{who} sent nothing back; begin the sign-in again", "no code")
        return vouch(await self.provider.finish(code, issuer, pending), self.provider.settings)

    async def _enter(self, request: Request, vouched: Vouched, then: str) -> Response:
        known = self.identity.accounts
        try:
            signed = await self.identity.ask(known.sign_in_vouched, vouched)
        except UnknownPersonError as error:
            # What an admin needs to bind an account; the person's own browser alone is told.
            raise UnknownPersonError(f"{error}. At {self.provider.label} your id is {vouched.identity.subject}") from error
        if session := self.identity.cookies.read(request, SESSION):
            await self.identity.ask(known.sign_out, session)
        response = RedirectResponse(then, status_code=303)
        self.identity.cookies.put(response, request, SESSION, signed.id.get_secret_value())
        return response

    def _failed(self, error: Exception, then: str) -> Response:
        status = 403
        if isinstance(error, ProviderError):
            log.warning("sign-in by the identity provider failed: %s", error.reason)
            status = 502
        if isinstance(error, ProviderRefusedError):
            status = 403
        if isinstance(error, StaleSignInError):
            status = 400
        if isinstance(error, ProviderAwayError | UnavailableError):
            status = 503
        return self.login.page(error, status, then=then)
