"""Who asks: what they may, and for a session the token that a script of the page must send."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from flows.service.accounts import Accounts, Role, Scope
from flows.settings import Settings
from tests.flows.accounts.people import CHEAP, PASSWORD
from tests.ui.access.conftest import ORIGIN, sign_in
from tests.ui.api.conftest import As
from ui.api.build import api
from ui.app.application import front
from ui.settings import WebSettings

TEXT = {"text": "name: x\nnodes: []\n"}


@pytest.fixture
def accounts(settings: Settings) -> Accounts:
    known = Accounts(settings, passwords=CHEAP)
    known.add("ann", Role.OPERATOR, password=PASSWORD, groups=["crew"])
    known.add("vera", Role.VIEWER, password=PASSWORD)
    return known


@pytest.fixture
def client(settings: Settings, accounts: Accounts, server_is_elsewhere: None) -> Iterator[TestClient]:
    """A browser at the API behind all that stands before it."""
    app = front(Starlette(routes=[Mount("/api", api(settings))]), accounts, WebSettings())
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as opened:
        yield opened


def test_a_script_of_the_page_changes_something_with_the_token_that_it_gets(client: TestClient) -> None:
    sign_in(client)
    said = client.get("/api/session").json()
    assert {said[key] for key in ("name", "role", "workspace")} == {"ann", "operator", "default"}
    assert (said["groups"], Scope.RUNS_WRITE in said["scopes"], Scope.APPROVALS_DECIDE in said["scopes"]) == (
        ["crew"],
        True,
        False,
    )
    assert client.post("/api/workflows/lint", json=TEXT).status_code == 403
    assert client.post("/api/workflows/lint", json=TEXT, headers={"X-CSRF-Token": said["csrf"]}).status_code == 200


def test_each_session_has_a_token_of_its_own(client: TestClient) -> None:
    sign_in(client)
    old = client.get("/api/session").json()["csrf"]
    sign_in(client, "vera")
    said = client.get("/api/session").json()
    assert (said["name"], said["csrf"] != old) == ("vera", True)
    assert client.post("/api/workflows/lint", json=TEXT, headers={"X-CSRF-Token": old}).status_code == 403


def test_no_other_site_reads_it(client: TestClient) -> None:
    sign_in(client)
    answer = client.get("/api/session", headers={"Origin": "https://evil.example"})
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert [name for name in answer.headers if name.startswith("access-control-")] == []
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    assert [name for name in client.options("/api/session", headers=asked).headers if name.startswith("access-")] == []


def test_a_token_of_the_api_has_none_and_tells_its_own_scopes(client: TestClient, accounts: Accounts) -> None:
    made = accounts.make_token("ann", "ci", [Scope.RUNS_READ], lifetime=timedelta(days=1))
    said = client.get("/api/session", headers={"Authorization": f"Bearer {made.text.get_secret_value()}"}).json()
    assert (said["name"], said["csrf"], said["expires"], said["scopes"]) == ("ann", None, None, ["runs:read"])


def test_nobody_has_none(client: TestClient, clients: As) -> None:
    assert client.get("/api/session").status_code == 401
    assert clients(None).get("/api/session").status_code == 401
