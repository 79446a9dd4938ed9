"""A small site behind all that stands before the real one, with a database of the test's own and people who sign in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from flows.service.accounts import Accounts, NotSignedInError, Role
from flows.settings import Settings
from tests.flows.accounts.people import CHEAP, PASSWORD
from ui.access.principal import principal_of
from ui.app.application import front
from ui.settings import WebSettings

ORIGIN = "http://hub.test"
HTML = {"Accept": "text/html,application/xhtml+xml"}
OURS = {"Origin": ORIGIN}

Visit = Callable[..., TestClient]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """No Prefect server, no policy."""
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return Settings(state_dir=tmp_path / "state", database_url=None, policy_file=None)


@pytest.fixture
def accounts(settings: Settings) -> Accounts:
    """Ann approves, Vera looks; both have PASSWORD."""
    known = Accounts(settings, passwords=CHEAP)
    known.add("ann", Role.APPROVER, password=PASSWORD)
    known.add("vera", Role.VIEWER, password=PASSWORD)
    return known


async def told(scope: Scope, receive: Receive, send: Send) -> None:
    """A site that tells who it thinks asks."""
    request = Request(scope)
    try:
        response: Response = JSONResponse({"who": principal_of(request).name})
    except NotSignedInError:
        response = JSONResponse({"who": None})
    await response(scope, receive, send)


@pytest.fixture
def visit(accounts: Accounts) -> Visit:
    """A function that gives a client with cookies of its own, at `address`; it follows no redirects."""
    app = front(told, accounts, WebSettings())

    def come(address: str = ORIGIN) -> TestClient:
        return TestClient(app, base_url=address, follow_redirects=False)

    return come


def sign_in(client: TestClient, name: str = "ann", then: str = "/") -> None:
    """Sign in by the form."""
    form = {"name": name, "password": PASSWORD.get_secret_value(), "next": then}
    done = client.post("/login", data=form, headers={"Origin": str(client.base_url).rstrip("/")})
    assert done.status_code == 303, done.text
