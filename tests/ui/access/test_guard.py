"""Nothing answers before it is known who asks, and what a stranger's page makes a browser send changes nothing."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from flows.service.accounts import Accounts, Scope
from flows.settings import Settings
from tests.flows.accounts.people import PASSWORD
from tests.ui.access.conftest import HTML, ORIGIN, OURS, Visit, sign_in

EVENT = "/gradio_api/queue/join"


@pytest.mark.parametrize(
    "path",
    [
        "//login",
        "/login/",
        "/login/x",
        "/LOGIN",
        "/api/health/",
        "/api/health/x",
        "/api/events",
        "/api//events/x",
        "/%2e/login",
    ],
)
def test_what_looks_like_an_open_path_is_none(visit: Visit, path: str) -> None:
    assert visit().post(path, headers=OURS).status_code == 401
    assert visit().get(f"{ORIGIN}{path}").status_code == 401


def test_a_signed_event_comes_in_with_nobody_behind_it(visit: Visit) -> None:
    client = visit()
    sign_in(client)
    assert client.post("/api/events/generic").json() == {"who": None}
    assert visit().get("/api/events/generic").status_code == 401


def test_a_browser_comes_back_to_what_it_wanted(visit: Visit) -> None:
    client = visit()
    done = client.get("/gates/0f%2f1d?from=mail&x=%0a", headers=HTML)
    assert done.headers["location"] == "/login?next=%2Fgates%2F0f%252f1d%3Ffrom%3Dmail%26x%3D%250a"
    then = parse_qs(urlsplit(done.headers["location"]).query)["next"][0]
    form = {"name": "ann", "password": PASSWORD.get_secret_value(), "next": then}
    assert client.post("/login", data=form, headers=OURS).headers["location"] == "/gates/0f%2f1d?from=mail&x=%0a"


def test_a_form_that_is_sent_too_late_leads_to_the_login_page_and_is_not_repeated(visit: Visit) -> None:
    done = visit().post("/logout", headers={**HTML, **OURS})
    assert (done.status_code, done.headers["location"]) == (303, "/login")


def test_what_is_behind_the_guard_knows_who_asks(visit: Visit) -> None:
    client = visit()
    sign_in(client, "vera")
    for path in ("/", "/config", "/api/x"):
        assert client.get(path, headers=HTML).json() == {"who": "vera"}


def test_who_is_disabled_or_gets_another_password_is_out_with_the_next_request(visit: Visit, accounts: Accounts) -> None:
    client = visit()
    sign_in(client)
    assert client.get("/config").status_code == 200
    accounts.disable("ann")
    assert client.get("/config").status_code == 401
    accounts.enable("ann")
    assert client.get("/config").status_code == 401  # that session is over for good


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://hub.test:8080"},
        {"Origin": "https://hub.test"},
        {"Origin": "http://hub.test.evil.example"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Referer": f"{ORIGIN}/"},
    ],
)
def test_what_another_site_makes_a_browser_send_to_the_page_is_refused(visit: Visit, headers: dict[str, str]) -> None:
    client = visit()
    sign_in(client)
    for path in (EVENT, "/logout", "/gradio_api/upload"):
        done = client.post(path, headers=headers, json={})
        assert (done.status_code, "did not come from a page of yours" in done.json()["detail"]) == (403, True)
    assert client.get("/config").status_code == 200


@pytest.mark.parametrize("headers", [OURS, {"Origin": "http://HUB.test:80"}, {"Sec-Fetch-Site": "same-origin"}])
def test_what_the_page_sends_comes_in(visit: Visit, headers: dict[str, str]) -> None:
    client = visit()
    sign_in(client)
    assert client.post(EVENT, headers=headers, json={}).json() == {"who": "ann"}


def test_a_session_proves_itself_to_the_api_by_its_own_csrf_token(visit: Visit, accounts: Accounts) -> None:
    client, other = visit(), visit()
    sign_in(client)
    sign_in(other, "vera")
    token = accounts.person_of_session(client.cookies["dockyard"]).csrf.get_secret_value()
    foreign = accounts.person_of_session(other.cookies["dockyard"]).csrf.get_secret_value()
    for wrong in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": foreign}):
        assert client.post("/api/runs", headers={**OURS, **wrong}).status_code == 403
    assert client.post("/api/runs", headers={"X-CSRF-Token": token}).status_code == 200
    assert client.get("/api/runs").status_code == 200


def bearer(accounts: Accounts, client: TestClient) -> str:
    made = accounts.make_token("ann", "ci", [Scope.METRICS_READ], lifetime=timedelta(days=1))
    client.headers["Authorization"] = f"bearer {made.text.get_secret_value()}"
    return made.token.id


def test_a_token_opens_the_api_and_needs_no_csrf_token(visit: Visit, accounts: Accounts) -> None:
    client = visit()
    token = bearer(accounts, client)
    assert client.post("/api/runs").status_code == 200
    accounts.revoke_token(token)
    assert client.post("/api/runs").status_code == 401


def test_a_token_opens_neither_page_nor_link(visit: Visit, accounts: Accounts) -> None:
    client = visit()
    bearer(accounts, client)
    for path in ("/", "/config", "/links/x", "/runs/x"):
        assert client.get(path).status_code == 403


def test_a_wrong_token_is_not_made_good_by_a_cookie(visit: Visit) -> None:
    client = visit()
    sign_in(client)
    assert client.get("/api/runs", headers={"Authorization": "Bearer dy_0_0"}).status_code == 401
    # A proxy's own password is none of ours.
    assert client.get("/api/runs", headers={"Authorization": "Basic eDp5"}).status_code == 200


def test_a_database_that_is_away_lets_nobody_in(visit: Visit, settings: Settings) -> None:
    client = visit()
    sign_in(client)
    file = settings.state_dir / "dockyard.db"
    file.rename(file.with_suffix(".away"))
    assert client.get("/config").status_code == 503
    assert "SELECT" not in client.get("/config").text
    assert client.get("/api/health/live").status_code == 200
