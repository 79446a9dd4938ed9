"""The API as it is mounted, asked by somebody of the test's choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from flows.service.accounts import Account, Principal, Role
from flows.settings import Settings
from ui.access.principal import set_principal
from ui.api.build import api
from ui.hardening.stack import harden
from ui.settings import WebSettings

As = Callable[..., TestClient]


class Known:
    """Says who asks, in the place of the guard; nobody where there is nobody."""

    def __init__(self, app: ASGIApp, principal: Principal | None) -> None:
        self.app = app
        self.principal = principal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.principal is not None:
            set_principal(HTTPConnection(scope), self.principal)
        await self.app(scope, receive, send)


def somebody(name: str, role: Role, workspace: str = "default") -> Principal:
    """A person with all that the role may."""
    account = Account(name=name, role=role, workspace=workspace)
    return Principal(account=account, scopes=role.scopes)


def served(settings: Settings, principal: Principal | None) -> ASGIApp:
    """The API below its address, behind the hardening, without a limit that tests would meet."""
    return harden(Known(Starlette(routes=[Mount("/api", api(settings))]), principal), WebSettings(rate_limit="9999/second"))


@pytest.fixture
def clients(settings: Settings, server_is_elsewhere: None) -> Iterator[As]:
    """A function from a name and a role to a client of that person's; None as name for nobody."""
    with ExitStack() as opened:

        def client(name: str | None = "alice", role: Role = Role.ADMIN, workspace: str = "default") -> TestClient:
            principal = None if name is None else somebody(name, role, workspace)
            return opened.enter_context(TestClient(served(settings, principal), base_url="http://hub"))

        yield client
