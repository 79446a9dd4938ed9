"""The composition root: which parts the web side has, and in which order a request meets them."""

from __future__ import annotations

import gradio as gr
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from flows.errors import InvalidInputError, UnavailableError
from flows.service.accounts import Accounts, NotSignedInError, Principal, Session
from flows.service.accounts import Scope as May
from flows.service.readiness import Probe
from flows.settings import Settings
from ui.access.addresses import LOGIN, OIDC_CALLBACK, gate_address, run_address
from ui.access.cookies import ARRIVALS, Cookies, arrivals
from ui.access.guard import Guard
from ui.access.login import Login
from ui.access.principal import principal_of
from ui.api.build import api
from ui.app.health import health_routes
from ui.hardening.paths import API
from ui.hardening.rate_limit import RateLimit
from ui.hardening.rate_window import RateWindow
from ui.hardening.stack import harden
from ui.oidc.provider import Provider
from ui.oidc.settings import OidcSettings, is_secure
from ui.page.build import build, mount
from ui.page.context import Who
from ui.page.visitor import Visitor
from ui.settings import WebSettings

SIGN_INS = "60/minute"
"""Requests of one client address for the login page, its own window beside that of the API: each try costs a hash."""


def application(settings: Settings, web: WebSettings, oidc: OidcSettings | None = None) -> ASGIApp:
    """Page and API of the hub of `settings`, as they may be exposed. Serve it with `ui.hardening.server.serve`.

    Raises InvalidInputError where people could not come back from the identity provider, or its secret cannot be read.
    """
    provider = provider_of(oidc, web) if oidc else None
    accounts = Accounts(settings)
    return front(site(settings, who(accounts, Cookies(web))), accounts, web, provider)


def provider_of(oidc: OidcSettings, web: WebSettings) -> Provider | None:
    """The identity provider of the settings, None where there is none. Raises InvalidInputError."""
    if oidc.oidc_issuer is None:
        return None
    if not is_secure(web.public_url):
        raise InvalidInputError(
            "DOCKYARD_PAGE_URL: the identity provider sends people back to the page's public address; set it, with https"
        )
    return Provider(oidc, f"{web.public_url}{OIDC_CALLBACK}")


def front(app: ASGIApp, accounts: Accounts, web: WebSettings, provider: Provider | None = None) -> ASGIApp:
    """`app` behind all that stands before it."""
    guarded: ASGIApp = Guard(app, accounts, web, provider)
    window = RateWindow(SIGN_INS, web.rate_limit_storage.get_secret_value())
    login = Login(provider.label if provider else "")
    return harden(RateLimit(guarded, window, LOGIN, login.too_many), web)


def site(settings: Settings, asked: Who) -> FastAPI:
    """Everything that is served, without what stands before it: never serve this alone."""
    root = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    root.router.routes.extend(health_routes(Probe(settings)))
    root.router.routes.extend([Route("/runs/{run}", _to_run), Route("/gates/{gate}", _to_gate)])
    root.mount(API, api(settings))
    return mount(root, build(settings, asked))  # last: it answers everything that is left


def who(accounts: Accounts, cookies: Cookies) -> Who:
    """Says who is behind an event of the page, and what they may."""

    def visitor(request: gr.Request) -> Visitor:
        connection = request.request
        if connection is None:
            raise NotSignedInError("sign in first")
        principal = principal_of(connection)
        return Visitor(
            name=principal.name,
            workspace=principal.account.workspace,
            may_run=May.RUNS_WRITE in principal.scopes,
            may_decide=May.APPROVALS_DECIDE in principal.scopes,
            arrivals=_arrivals(principal, cookies.read(connection, ARRIVALS), accounts),
        )

    return visitor


def _arrivals(principal: Principal, kept: str | None, accounts: Accounts) -> frozenset[str]:
    if not kept or not isinstance(principal, Session):
        return frozenset()
    try:
        return arrivals(kept, principal, accounts)
    except UnavailableError:  # the event itself meets the database next, and says so where people see it
        return frozenset()


async def _to_run(request: Request) -> Response:
    return RedirectResponse(run_address(request.path_params["run"]), status_code=303)


async def _to_gate(request: Request) -> Response:
    return RedirectResponse(gate_address(request.path_params["gate"]), status_code=303)
