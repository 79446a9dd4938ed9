"""Signing in and out, and links: what they say, and what they let a browser keep."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie

import pytest
from starlette.testclient import TestClient

from flows.service.accounts import Accounts
from tests.flows.accounts.people import PASSWORD
from tests.ui.access.conftest import HTML, ORIGIN, OURS, Visit, sign_in, told
from ui.access.addresses import local
from ui.access.cookies import ARRIVALS, SESSION, arrivals, with_arrival
from ui.app.application import front
from ui.settings import WebSettings

GATE = "0f1d4d0c-6f3e-5b1c-9a59-3d1c5f0f7f4e"


def cookie(client: TestClient, name: str = "ann") -> SimpleCookie:
    """What signing in lets the browser keep."""
    form = {"name": name, "password": PASSWORD.get_secret_value()}
    done = client.post("/login", data=form, headers={"Origin": str(client.base_url).rstrip("/")})
    return SimpleCookie(done.headers["set-cookie"])


def link(accounts: Accounts, person: str = "ann", gate: str = GATE) -> str:
    return f"/links/{accounts.make_link(gate, person, datetime.now(UTC) + timedelta(hours=1))}"


def csrf(accounts: Accounts, client: TestClient) -> str:
    return accounts.person_of_session(client.cookies[SESSION]).csrf.get_secret_value()


def test_the_login_page_says_what_it_wants_to_everybody(visit: Visit) -> None:
    done = visit().get("/login")
    assert (done.status_code, done.headers["cache-control"]) == (200, "no-store")
    for part in ('lang="en"', '<label for="name">', '<label for="password">', 'autocomplete="current-password"'):
        assert part in done.text
    assert "<script" not in done.text
    assert visit().head("/login").status_code == 200
    assert visit().put("/login", headers=OURS).status_code == 405


def test_a_wrong_password_keeps_the_name_and_says_no_more(visit: Visit) -> None:
    answers = [
        visit().post("/login", data={"name": name, "password": "wrong", "next": "/runs/x"}, headers=OURS)
        for name in ("ann", "nobody", '"><script>')
    ]
    assert {done.status_code for done in answers} == {401}
    assert all('role="alert">This name and password let nobody in; check both' in done.text for done in answers)
    assert 'value="ann"' in answers[0].text
    assert 'name="next" value="/runs/x"' in answers[0].text
    assert "<script>" not in answers[2].text
    assert "set-cookie" not in answers[0].headers


def test_too_many_tries_are_told_when_to_try_again(visit: Visit) -> None:
    client = visit()
    for _ in range(5):
        client.post("/login", data={"name": "ann", "password": "wrong"}, headers=OURS)
    done = client.post("/login", data={"name": "ann", "password": PASSWORD.get_secret_value()}, headers=OURS)
    assert done.status_code == 429
    assert 0 < int(done.headers["retry-after"]) <= 30
    assert "Too many failed sign-ins under this name; try again in" in done.text


def test_one_address_may_not_try_for_ever(visit: Visit) -> None:
    client = visit()
    assert {client.get("/login").status_code for _ in range(60)} == {200}
    done = client.post("/login", data={"name": "ann", "password": PASSWORD.get_secret_value()}, headers=OURS)
    assert (done.status_code, done.headers["content-type"]) == (429, "application/problem+json")


def test_a_browser_that_tried_too_often_reads_so_on_the_login_page(visit: Visit) -> None:
    client = visit()
    for _ in range(60):
        client.get("/login")
    form = {"name": "ann", "password": PASSWORD.get_secret_value()}
    for done in (
        client.get("/login?next=/runs/x", headers=HTML),
        client.post("/login?next=/runs/x", data=form, headers={**OURS, **HTML}),
    ):
        assert (done.status_code, done.headers["content-type"]) == (429, "text/html; charset=utf-8")
        assert "Too many tries from your address; try again in " in done.text
        assert 'name="next" value="/runs/x"' in done.text
        assert 0 < int(done.headers["retry-after"]) <= 60
        assert done.headers["ratelimit-remaining"] == "0"
        assert "set-cookie" not in done.headers


def test_the_cookie_is_for_the_browser_alone(visit: Visit) -> None:
    (kept,) = cookie(visit()).values()
    assert kept.key == SESSION
    assert len(kept.value) >= 43
    assert (kept["httponly"], kept["samesite"], kept["path"], kept["domain"]) == (True, "lax", "/", "")
    assert (kept["secure"], kept["max-age"], kept["expires"]) == ("", "", "")


def test_on_tls_it_is_secure_and_bound_to_the_host(visit: Visit) -> None:
    client = visit("https://hub.test")
    (kept,) = cookie(client).values()
    assert (kept.key, kept["secure"], kept["path"], kept["domain"]) == ("__Host-dockyard", True, "/", "")
    assert client.get("/config").status_code == 200
    # What another site of the domain, or plain HTTP, could have planted does not count.
    planted = visit("https://hub.test")
    planted.cookies.set(SESSION, kept.value)
    assert planted.get("/config").status_code == 401


def test_behind_a_proxy_that_speaks_tls_it_is_as_well(accounts: Accounts) -> None:
    app = front(told, accounts, WebSettings(page_url="https://hub.example"))
    client = TestClient(app, base_url=ORIGIN, follow_redirects=False)
    form = {"name": "ann", "password": PASSWORD.get_secret_value()}
    done = client.post("/login", data=form, headers={"Origin": "https://hub.example"})
    (kept,) = SimpleCookie(done.headers["set-cookie"]).values()
    assert (kept.key, kept["secure"]) == ("__Host-dockyard", True)


def test_signing_in_ends_the_session_that_the_browser_had(visit: Visit) -> None:
    client, old = visit(), visit()
    sign_in(client)
    old.cookies.set(SESSION, client.cookies[SESSION])
    sign_in(client, "vera")
    assert old.get("/config").status_code == 401
    assert "You are <strong>vera</strong>" in client.get("/login").text


def test_nobody_is_signed_in_by_another_site(visit: Visit) -> None:
    form = {"name": "ann", "password": PASSWORD.get_secret_value()}
    for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        done = visit().post("/login", data=form, headers=headers)
        assert (done.status_code, "set-cookie" in done.headers) == (403, False)


@pytest.mark.parametrize("body", [b"x" * 20_000, b"\xff=1", b"&".join([b"a=1"] * 40)])
def test_what_is_no_login_form_is_refused(visit: Visit, body: bytes) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert visit().post("/login", content=body, headers={**OURS, **kind}).status_code == 400
    assert visit().post("/login", json={"name": "ann"}, headers=OURS).status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "///evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
        " /",
        "/x\r\nSet-Cookie: a=b",
        "/login",
        "/login?next=/x",
        "/logout",
        "/" + "x" * 3000,
        "//[",
        "/\u0085/evil.example",
    ],
)
def test_a_sign_in_leads_nowhere_else(visit: Visit, address: str) -> None:
    assert local(address) == "/"
    client = visit()
    form = {"name": "ann", "password": PASSWORD.get_secret_value(), "next": address}
    assert client.post("/login", data=form, headers=OURS).headers["location"] == "/"
    assert 'href="/">Go on' in client.get("/login", params={"next": address}).text


@pytest.mark.parametrize("address", ["/", "/?gate=0f1d", "/runs/x?a=//b", "/links/a.b-c_d"])
def test_a_sign_in_leads_to_what_was_wanted(visit: Visit, address: str) -> None:
    client = visit()
    form = {"name": "ann", "password": PASSWORD.get_secret_value(), "next": address}
    assert client.post("/login", data=form, headers=OURS).headers["location"] == address


def test_signing_out_ends_the_session_wherever_its_cookie_is(visit: Visit, accounts: Accounts) -> None:
    client, copied = visit(), visit()
    sign_in(client)
    copied.cookies.set(SESSION, client.cookies[SESSION])
    token = csrf(accounts, client)
    assert f'name="csrf" value="{token}"' in client.get("/login").text
    done = client.post("/logout", data={"csrf": token}, headers=OURS)
    assert (done.status_code, done.headers["location"]) == (303, "/login")
    assert SESSION not in client.cookies
    assert copied.get("/config").status_code == 401


def test_signing_out_takes_the_forms_own_token(visit: Visit) -> None:
    client = visit()
    sign_in(client)
    for form in ({}, {"csrf": "0" * 64}):
        assert client.post("/logout", data=form, headers=OURS).status_code == 403
    assert client.get("/logout").status_code == 405
    assert client.get("/config").status_code == 200


def test_a_link_leads_its_person_to_the_gate_and_the_session_remembers(visit: Visit, accounts: Accounts) -> None:
    client, address = visit(), link(accounts)
    sign_in(client)
    done = client.get(address, headers=HTML)
    assert (done.status_code, done.headers["location"]) == (303, f"/?gate={GATE}")
    session = accounts.person_of_session(client.cookies[SESSION])
    kept = client.cookies[ARRIVALS]
    assert arrivals(kept, session, accounts) == {GATE}
    (set_cookie,) = SimpleCookie(done.headers["set-cookie"]).values()
    assert (set_cookie["httponly"], set_cookie["samesite"], set_cookie["path"]) == (True, "lax", "/")
    sign_in(client)  # another session: it came by no link
    assert arrivals(kept, accounts.person_of_session(client.cookies[SESSION]), accounts) == frozenset()


def test_who_has_no_session_uses_nothing_up(visit: Visit, accounts: Accounts) -> None:
    client, address = visit(), link(accounts)
    assert client.get(address).status_code == 401
    shown = client.get(address, headers=HTML)
    assert shown.headers["location"].startswith("/login?next=%2Flinks%2F")
    assert visit().head(address, headers=HTML).status_code == 303
    sign_in(client, then=address)
    assert client.get(address).headers["location"] == f"/?gate={GATE}"


def test_a_link_that_does_not_lead_on_says_why_and_shows_a_way(visit: Visit, accounts: Accounts) -> None:
    client, vera, address = visit(), visit(), link(accounts)
    sign_in(client)
    sign_in(vera, "vera")
    foreign = vera.get(address)
    assert (foreign.status_code, "sent to somebody else than vera" in foreign.text) == (404, True)
    assert client.get(address).status_code == 303
    used = client.get(address)
    assert (used.status_code, "opens once, and it was opened" in used.text) == (404, True)
    for page in (foreign, used):
        assert f'href="/?gate={GATE}"' in page.text
    none = client.get("/links/<script>")
    assert (none.status_code, "no link of this hub" in none.text, 'href="/"' in none.text) == (404, True, True)
    assert "set-cookie" not in foreign.headers


def test_a_link_is_only_read(visit: Visit, accounts: Accounts) -> None:
    client, address = visit(), link(accounts)
    sign_in(client)
    assert client.post(address, headers=OURS).status_code == 405
    assert client.get(address).status_code == 303


def test_some_gates_are_remembered_and_nothing_that_was_made_up(visit: Visit, accounts: Accounts) -> None:
    client = visit()
    sign_in(client)
    session = accounts.person_of_session(client.cookies[SESSION])
    kept = None
    for number in range(12):
        kept = with_arrival(kept, f"gate-{number}", accounts.seal_arrival(session, f"gate-{number}"))
    assert arrivals(kept, session, accounts) == {f"gate-{number}" for number in range(4, 12)}
    assert arrivals(f"{GATE}.{'0' * 64}", session, accounts) == frozenset()
    assert arrivals("~.~", session, accounts) == frozenset()
