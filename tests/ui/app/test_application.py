"""The whole application: nothing of it answers a stranger, all of it answers who signed in."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi import APIRouter
from starlette.routing import BaseRoute, Mount, Route
from starlette.testclient import TestClient

from flows.service.accounts import Accounts, NotSignedInError, Role
from flows.settings import Settings
from tests.flows.accounts.people import CHEAP, PASSWORD
from tests.ui.access.conftest import HTML, ORIGIN, OURS, sign_in
from ui.app.application import application, site
from ui.page.visitor import Visitor
from ui.settings import WebSettings

OPEN = {("GET", "/api/health"), ("GET", "/api/health/live"), ("GET", "/api/health/ready")}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
EVENT = "/gradio_api/queue/join"
SIGNED = "/api/events/x"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """No Prefect server, and somebody who may look."""
    folder = tmp_path_factory.mktemp("hub")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PREFECT_HOME", str(folder / "prefect"))
        patched.delenv("PREFECT_API_URL", raising=False)
        found = Settings(state_dir=folder / "state", database_url=None, policy_file=None)
        Accounts(found, passwords=CHEAP).add("vera", Role.VIEWER, password=PASSWORD)
        yield found


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    """A browser before the whole application, which is started and ended as a server does."""
    app = application(settings, WebSettings(rate_limit="10000/minute"))
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as found:
        yield found


def served(routes: list[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every method and path, of mounted applications as well; a path's parameters are filled with `x`."""
    for route in routes:
        if isinstance(route, Mount):
            yield from served(route.routes, prefix + route.path)
            yield "GET", f"{prefix}{route.path}/x"
            continue
        if isinstance(inner := getattr(route, "original_router", None), APIRouter):  # how FastAPI includes a router
            yield from served(inner.routes, prefix)
            continue
        path = prefix + re.sub(r"{[^}]*}", "x", str(getattr(route, "path", "")))
        for method in (getattr(route, "methods", None) or ["GET"]) if isinstance(route, Route) else ["GET"]:
            yield method, path


def nobody(_request: object) -> Visitor:
    raise NotSignedInError("nobody is here")


def test_every_path_of_the_application_asks_who_it_is(settings: Settings, client: TestClient) -> None:
    found = set(served(site(settings, nobody).routes))
    paths = {path for _, path in found}
    # Gradio's own are among them, or this test sees nothing.
    assert {"/config", "/gradio_api/info", "/gradio_api/startup-events", EVENT, "/runs/x", "/api/x"} <= paths
    # Gradio's sign-in, which the door's own hides; and events, which are signed: `test_events` shows what those answer.
    found = {(method, path) for method, path in found if path != "/login" and (method, path) != ("POST", SIGNED)}
    everywhere = {
        (method, path) for path in (paths - {"/login"}) | {"/", "/api", "/api/docs", "/links/x"} for method in METHODS
    } - {("POST", SIGNED)}
    for method, path in sorted(found | everywhere):
        done = client.request(method, path)
        is_open = (method.replace("HEAD", "GET"), path) in OPEN
        assert (done.status_code in {200, 503}) if is_open else done.status_code == 401, (method, path, done.status_code)
        if not is_open and method != "HEAD":
            assert done.headers["content-type"] == "application/problem+json"
            assert done.headers["www-authenticate"] == "Bearer"
        if not is_open and method == "GET":
            shown = client.get(path, headers=HTML)
            assert (shown.status_code, shown.headers["location"].partition("?")[0]) == (303, "/login"), path


def test_a_signed_event_never_reaches_the_pages_library(client: TestClient) -> None:
    for path in ("/api/events/generic", SIGNED):
        done = client.post(path)
        assert done.status_code in {401, 404, 422, 503}, (path, done.text)
        assert done.headers["content-type"] == "application/problem+json"


def test_who_signed_in_gets_the_page_and_its_deep_links(client: TestClient) -> None:
    sign_in(client, "vera")
    try:
        assert "<gradio-app" in client.get("/", headers=HTML).text
        assert client.get("/config").status_code == 200
        assert client.post(EVENT, headers=OURS, json={}).status_code == 422  # Gradio's own answer: it was reached
        assert client.get("/gates/0f1d").headers["location"] == "/?gate=0f1d"
        assert client.get("/runs/a%26b").headers["location"] == "/?run=a%26b"
        assert client.get("/api/x").status_code == 404
    finally:
        client.cookies.clear()


def test_health_tells_yes_or_no_to_everybody(client: TestClient) -> None:
    assert client.get("/api/health/live").json() == {"status": "ok"}
    for path in ("/api/health", "/api/health/ready"):
        found = client.get(path)
        assert (found.status_code, found.json()) == (
            503,
            {"status": "unavailable", "database": "ok", "prefect": "unavailable"},
        )
