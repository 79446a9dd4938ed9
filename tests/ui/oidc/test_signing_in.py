"""Signing in by an identity provider over HTTP: who gets in, and whatever a provider or somebody between can get wrong."""

from __future__ import annotations

import logging
import time
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey

from flows.service.accounts import Accounts, Role
from tests.flows.accounts.people import PASSWORD
from tests.ui.oidc.conftest import ANN, HUB, Open
from tests.ui.oidc.provider import CLIENT, SECRET, OpenIdProvider, rsa

ALERT = 'role="alert"'


def test_somebody_signs_in_and_comes_where_they_wanted(browse: Open, accounts: Accounts) -> None:
    browser = browse()
    done = browser.sign_in("/gates/0f1d?from=mail")
    assert (done.status_code, done.headers["location"]) == (303, "/gates/0f1d?from=mail")
    assert browser.who() == ANN
    session = accounts.person_of_session(browser.hub.cookies["__Host-dockyard"])
    assert session.account == accounts.get(ANN)
    (bound,) = accounts.identities(ANN)
    assert bound.identity.subject == "s-1"


def test_the_provider_is_asked_for_a_code_with_proof_state_and_nonce(browse: Open, provider: OpenIdProvider) -> None:
    first, second = (parse_qs(urlsplit(browse().leave().headers["location"]).query) for _ in range(2))
    assert first["redirect_uri"] == [f"{HUB}/login/oidc/callback"]
    assert first["scope"] == ["openid email profile"]
    assert (first["response_type"], first["code_challenge_method"]) == (["code"], ["S256"])
    for each in ("state", "nonce", "code_challenge"):
        assert len(first[each][0]) >= 43
        assert first[each] != second[each]
    assert SECRET not in str(first)


def test_the_cookie_of_the_way_there_is_short_lived_and_gone_afterwards(browse: Open) -> None:
    browser = browse()
    sent = browser.leave()
    (kept,) = SimpleCookie(sent.headers["set-cookie"]).values()
    assert (kept.key, kept["httponly"], kept["secure"], kept["samesite"]) == ("__Host-dockyard-oidc", True, True, "lax")
    assert (kept["path"], kept["domain"], kept["max-age"]) == ("/", "", "600")
    done = browser.hub.get(browser.at_provider(sent))
    kept = SimpleCookie(next(line for line in done.headers.get_list("set-cookie") if line.startswith("__Host-dockyard=")))
    assert "__Host-dockyard-oidc" not in browser.hub.cookies
    assert (kept["__Host-dockyard"]["httponly"], kept["__Host-dockyard"]["samesite"]) == (True, "lax")


def test_the_login_page_offers_both_ways(browse: Open) -> None:
    shown = browse().hub.get("/login", params={"next": "/runs/x"}).text
    assert '<a class="button second" href="/login/oidc?next=%2Fruns%2Fx">Sign in with Acme</a>' in shown
    assert '<label for="password">' in shown
    assert "<script" not in shown


def test_a_session_that_the_browser_had_ends(browse: Open) -> None:
    browser = browse()
    browser.sign_in()
    old = browser.hub.cookies["__Host-dockyard"]
    browser.sign_in()
    other = browse()
    other.hub.cookies.set("__Host-dockyard", old, domain="hub.test")
    assert (browser.who(), other.who()) == (ANN, None)


WRONG = [
    {"nonce": "another-nonce-that-nobody-sent"},
    {"nonce": None},
    {"aud": "another-client"},
    {"aud": [CLIENT, "another-client"]},  # and nobody says for whom of both it was made
    {"aud": [CLIENT, "another-client"], "azp": "another-client"},
    {"aud": "another-client", "azp": CLIENT},
    {"aud": None},
    {"aud": 7},
    {"iss": "https://evil.example"},
    {"iss": None},
    {"exp": 1},
    {"exp": None},
    {"exp": "tomorrow"},
    {"iat": 9_999_999_999},
    {"nbf": 9_999_999_999},
    {"sub": None},
    {"sub": ""},
    {"sub": 7},
    {"sub": "x" * 256},
    {"sub": "s\u202e1"},
    {"at_hash": "bm90IHRoaXM"},
]


@pytest.mark.parametrize("changed", WRONG, ids=str)
def test_an_id_token_that_is_not_for_this_sign_in_lets_nobody_in(
    browse: Open, provider: OpenIdProvider, accounts: Accounts, changed: dict[str, object]
) -> None:
    provider.changed = changed
    browser = browse()
    done = browser.sign_in()
    assert (done.status_code, ALERT in done.text, "__Host-dockyard" in browser.hub.cookies) == (502, True, False)
    assert accounts.identities(ANN) == ()


def test_a_little_difference_of_clocks_is_let_pass(browse: Open, provider: OpenIdProvider) -> None:
    provider.changed = {"iat": int(time.time()) + 30, "exp": int(time.time()) - 30}
    assert browse().sign_in().status_code == 303


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_anybody_or_any_client_could_sign_is_refused(
    browse: Open, provider: OpenIdProvider, algorithm: str
) -> None:
    provider.algorithm = algorithm
    browser = browse()
    assert browser.sign_in().status_code == 502
    assert browser.who() is None


def test_a_signature_by_another_key_of_the_same_name_is_refused(browse: Open, provider: OpenIdProvider) -> None:
    provider.published = [rsa("one")]
    browser = browse()
    assert (browser.sign_in().status_code, browser.who()) == (502, None)


def test_new_keys_of_the_provider_are_fetched_not_more_often_than_once_a_minute(
    browse: Open, provider: OpenIdProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = browse()
    browser.sign_in()
    provider.key = rsa("two")
    assert browser.sign_in().status_code == 502
    assert provider.asked.count("/keys") == 1
    monkeypatch.setattr("ui.oidc.provider.NEW_KEYS_SECONDS", 0.0)
    assert browser.sign_in().status_code == 303
    assert provider.asked.count("/keys") == 2


def test_keys_of_other_kinds_beside_it_do_no_harm(browse: Open, provider: OpenIdProvider) -> None:
    provider.odd_keys = [
        {"kty": "AKP", "kid": "a"},
        {"kty": "EC", "crv": "brainpool", "kid": "b"},
        {"kty": "RSA"},
        "x",
        None,
    ]
    assert browse().sign_in().status_code == 303


@pytest.mark.parametrize("kind", ["EC", "oct", "none at all"])
def test_a_key_of_another_kind_under_the_same_name_is_refused(browse: Open, provider: OpenIdProvider, kind: str) -> None:
    other = {"EC": ECKey.generate_key("P-256"), "oct": OctKey.generate_key(256)}.get(kind)
    provider.published, provider.odd_keys = [], [other.as_dict(private=False, kid="one")] if other else []
    provider.publishes_own = False
    assert browse().sign_in_or_refused().status_code == 502


def test_another_state_than_the_browsers_own_is_refused(browse: Open, provider: OpenIdProvider) -> None:
    browser, attacker = browse(), browse()
    browser.leave()
    for address in (attacker.at_provider(attacker.leave()), "/login/oidc/callback?code=x&state=x", "/login/oidc/callback"):
        browser.leave()
        done = browser.hub.get(address)
        assert (done.status_code, ALERT in done.text) == (400, True)
        assert browser.who() is None
    assert provider.redeemed == []  # not even tried


def test_who_has_begun_no_sign_in_cannot_end_one(browse: Open) -> None:
    victim, attacker = browse(), browse()
    address = attacker.at_provider(attacker.leave())
    done = victim.hub.get(address)
    assert (done.status_code, "begin it again" in done.text, victim.who()) == (400, True, None)


@pytest.mark.parametrize("sealed", ["", "x", "e30.e30", "." * 5000, "é.é"])
def test_a_cookie_that_the_hub_did_not_seal_is_worth_nothing(browse: Open, sealed: str) -> None:
    browser = browse()
    headers = {"Cookie": f"__Host-dockyard-oidc={sealed}".encode()}
    assert browser.hub.get("/login/oidc/callback?code=x&state=x", headers=headers).status_code == 400


def test_what_another_site_sends_does_not_end_a_sign_in_that_is_under_way(browse: Open) -> None:
    browser = browse()
    sent = browser.leave()
    assert browser.hub.get("/login/oidc/callback?code=x&state=x").status_code == 400
    assert browser.hub.get(browser.at_provider(sent)).status_code == 303


def test_what_came_back_once_does_not_come_back_again(browse: Open, provider: OpenIdProvider) -> None:
    browser = browse()
    sent = browser.leave()
    kept = browser.hub.cookies["__Host-dockyard-oidc"]
    address = browser.at_provider(sent)
    assert browser.hub.get(address).status_code == 303
    again = browse()
    again.hub.cookies.set("__Host-dockyard-oidc", kept, domain="hub.test")
    assert again.hub.get(address).status_code == 400
    assert (again.who(), len(provider.redeemed)) == (None, 1)


def test_a_code_of_another_sign_in_is_refused_by_the_provider(browse: Open, provider: OpenIdProvider) -> None:
    browser, attacker = browse(), browse()
    stolen = parse_qs(urlsplit(attacker.at_provider(attacker.leave())).query)["code"][0]
    state = parse_qs(urlsplit(browser.leave().headers["location"]).query)["state"][0]
    done = browser.hub.get("/login/oidc/callback", params={"code": stolen, "state": state, "iss": provider.issuer})
    assert (done.status_code, "did not accept this sign-in" in done.text, browser.who()) == (403, True, None)


@pytest.mark.parametrize("sends", [False, "https://evil.example"])
def test_an_answer_of_another_issuer_is_not_redeemed(browse: Open, provider: OpenIdProvider, sends: bool | str) -> None:
    provider.sends_iss = sends
    assert browse().sign_in().status_code == 502
    assert provider.asked.count("/token") == 0


def test_nor_is_another_issuers_refusal_believed(browse: Open, provider: OpenIdProvider) -> None:
    provider.error, provider.sends_iss = "access_denied", "https://evil.example"
    assert browse().sign_in().status_code == 502


def test_somebody_unknown_is_told_what_to_ask_for(browse: Open, provider: OpenIdProvider, accounts: Accounts) -> None:
    provider.person = {"sub": "s-9", "email": "eve@example.org", "email_verified": True}
    browser = browse()
    done = browser.sign_in()
    assert done.status_code == 403
    assert "Nobody has an account &#39;eve@example.org&#39; here; ask an admin to add one" in done.text
    assert "At Acme your id is s-9." in done.text
    assert [account.name for account in accounts.list()] == [ANN]
    assert browser.who() is None


@pytest.mark.parametrize(
    "email",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "yes"},
        {"email_verified": 1},
        {"email": None},
        {"email": "a@b@example.org"},
        {"email": "@example.org"},
        {"email": "\uff41nn@example.org"},
        {"email": ["ann@example.org"]},
    ],
    ids=str,
)
def test_an_address_that_nobody_verified_names_no_account(
    browse: Open, provider: OpenIdProvider, accounts: Accounts, email: dict[str, object]
) -> None:
    provider.changed = email
    done = browse().sign_in()
    assert (done.status_code, ALERT in done.text, accounts.identities(ANN)) == (403, True, ())


def test_an_address_that_was_given_to_somebody_else_is_not_ann(
    browse: Open, provider: OpenIdProvider, accounts: Accounts
) -> None:
    browse().sign_in()
    provider.person = provider.person | {"sub": "s-2"}
    thief = browse()
    done = thief.sign_in()
    assert (done.status_code, "is bound to somebody else" in done.text, thief.who()) == (403, True, None)
    accounts.unbind(ANN)
    assert thief.sign_in().status_code == 303


def test_ann_stays_ann_whatever_her_address_becomes(browse: Open, provider: OpenIdProvider, accounts: Accounts) -> None:
    accounts.add("bob@example.org", Role.ADMIN)
    browse().sign_in()
    for email, verified in (("bob@example.org", True), ("new@example.org", False)):
        provider.person = {"sub": "s-1", "email": email, "email_verified": verified}
        browser = browse()
        assert browser.sign_in().status_code == 303
        assert browser.who() == ANN


def test_the_same_subject_at_another_issuer_is_somebody_else(browse: Open, accounts: Accounts) -> None:
    accounts.bind(ANN, "https://other.example", "s-1")
    browser = browse()
    assert browser.sign_in().status_code == 303  # bound by the verified address, as if the other were not there
    assert [bound.identity.issuer for bound in accounts.identities(ANN)].count("https://other.example") == 1


def test_an_admin_binds_an_account_of_any_name(browse: Open, provider: OpenIdProvider, accounts: Accounts) -> None:
    accounts.add("carol", Role.OPERATOR)
    accounts.bind("carol", provider.issuer, "s-3")
    provider.person = {"sub": "s-3"}
    browser = browse()
    assert browser.sign_in().status_code == 303
    assert browser.who() == "carol"


def test_a_disabled_account_stays_out(browse: Open, accounts: Accounts) -> None:
    accounts.disable(ANN)
    browser = browse()
    done = browser.sign_in()
    assert (done.status_code, "is disabled" in done.text, browser.who()) == (403, True, None)
    assert accounts.identities(ANN) == ()
    accounts.enable(ANN)
    browser.sign_in()
    assert browser.who() == ANN
    accounts.disable(ANN)
    assert browser.who() is None
    assert browser.sign_in().status_code == 403


def test_people_of_the_named_domains_get_an_account(browse: Open, provider: OpenIdProvider, accounts: Accounts) -> None:
    browser = browse(oidc_join_domains="example.org, example.net")
    provider.person = {"sub": "s-4", "email": "Dan@Example.NET", "email_verified": True}
    assert browser.sign_in().status_code == 303
    assert (accounts.get("dan@example.net").role, accounts.get("dan@example.net").workspace) == (Role.VIEWER, "default")
    for email in ("dan@evil.example", "dan@sub.example.org", "dan@notexample.org", "dan@example.org.evil.example"):
        provider.person = {"sub": "s-5", "email": email, "email_verified": True}
        assert browser.sign_in().status_code == 403


def test_groups_of_the_provider_decide_role_and_groups_where_they_are_mapped(
    browse: Open, provider: OpenIdProvider, accounts: Accounts
) -> None:
    accounts.add("root", Role.ADMIN)
    mapped = {"oidc_groups_claim": "realm_access.roles", "oidc_roles": {"ops": "operator", "/boss": "admin"}}
    for groups, role, kept in [
        (["ops", "/boss", "no group!", 7], Role.ADMIN, ("boss", "ops")),
        (["ops"], Role.OPERATOR, ("ops",)),
        ([], Role.VIEWER, ()),
        (None, Role.VIEWER, ()),
    ]:
        provider.changed = {"realm_access": {"roles": groups}}
        assert browse(**mapped).sign_in().status_code == 303
        assert (accounts.get(ANN).role, accounts.get(ANN).groups) == (role, kept)


def test_without_a_mapping_role_and_groups_stay_as_an_admin_gave_them(
    browse: Open, provider: OpenIdProvider, accounts: Accounts
) -> None:
    accounts.change(ANN, groups=["crew"])
    provider.changed = {"groups": ["admins"], "role": "admin"}
    browse().sign_in()
    assert (accounts.get(ANN).role, accounts.get(ANN).groups) == (Role.APPROVER, ("crew",))


def test_the_last_admin_is_not_made_less_and_not_let_in_as_more(
    browse: Open, provider: OpenIdProvider, accounts: Accounts
) -> None:
    accounts.change(ANN, role=Role.ADMIN)
    browser = browse(oidc_groups_claim="groups", oidc_roles={"boss": "admin"})
    done = browser.sign_in()
    assert (done.status_code, "is the only admin" in done.text, browser.who()) == (403, True, None)
    assert accounts.get(ANN).role is Role.ADMIN


def test_claims_that_the_id_token_lacks_come_from_userinfo(browse: Open, provider: OpenIdProvider) -> None:
    provider.userinfo = provider.person
    provider.person = {"sub": "s-1"}
    browser = browse()
    assert browser.sign_in().status_code == 303
    assert browser.who() == ANN


def test_userinfo_about_somebody_else_is_not_believed(browse: Open, provider: OpenIdProvider) -> None:
    provider.userinfo = {**provider.person, "sub": "s-2"}
    provider.person = {"sub": "s-1"}
    assert browse().sign_in().status_code == 502


def test_one_answers_address_is_not_taken_with_the_others_word(browse: Open, provider: OpenIdProvider) -> None:
    provider.userinfo = {"sub": "s-1", "email": ANN, "groups": []}
    provider.person = {"sub": "s-1", "email": "mallory@example.org", "email_verified": True}
    assert browse(oidc_groups_claim="groups").sign_in().status_code == 403


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("access_denied", "Acme let nobody in: the sign-in was cancelled there"),
        ("login_required", "Acme refused this sign-in (login_required)"),
        ("<script>alert(1)</script>", "Acme refused this sign-in (scriptalert1script)"),
    ],
)
def test_an_error_of_the_provider_is_a_login_page(browse: Open, provider: OpenIdProvider, error: str, said: str) -> None:
    provider.error = error
    done = browse().sign_in("/runs/x")
    assert (done.status_code, said in done.text) == (403, True)
    assert 'name="next" value="/runs/x"' in done.text


@pytest.mark.parametrize(
    "answer",
    [
        (400, {"error": "invalid_grant"}, 403),
        (401, {"error": "invalid_client", "error_description": SECRET}, 403),
        (500, "down", 503),
        (200, [], 502),
        (200, "text", 502),
        (200, {}, 502),
        (200, {"access_token": "at", "id_token": "no.jwt"}, 502),
        (200, {"access_token": "at", "id_token": ""}, 502),
        (200, {"access_token": 7, "id_token": {}}, 502),
    ],
)
def test_a_token_endpoint_that_fails_is_a_login_page_that_tells_no_secret(
    browse: Open, provider: OpenIdProvider, caplog: pytest.LogCaptureFixture, answer: tuple[int, object, int]
) -> None:
    provider.token_status, provider.token_body, expected = answer
    with caplog.at_level(logging.DEBUG, logger="dockyard"):
        done = browse().sign_in()
    assert (done.status_code, ALERT in done.text) == (expected, True)
    assert "sign-in by the identity provider failed" in caplog.text
    for secret in (SECRET, "code="):
        assert secret not in caplog.text + done.text


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://evil.example"},
        {"jwks_uri": "http://evil.example/keys"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
    ],
    ids=str,
)
def test_a_discovery_document_that_leads_elsewhere_is_not_followed(
    browse: Open, provider: OpenIdProvider, changed: dict[str, object]
) -> None:
    provider.metadata = changed
    done = browse().leave()
    assert (done.status_code, "location" in done.headers) == (502, False)


def test_a_provider_that_is_down_leaves_the_password(browse: Open, provider: OpenIdProvider) -> None:
    browser = browse(oidc_issuer="http://127.0.0.1:1")
    done = browser.leave("/runs/x")
    assert (done.status_code, "Acme does not answer at present" in done.text) == (503, True)
    assert "sign in with a password" in done.text
    form = {"name": ANN, "password": PASSWORD.get_secret_value(), "next": "/runs/x"}
    done = browser.hub.post("/login", data=form, headers={"Origin": HUB})
    assert (done.headers["location"], browser.who()) == ("/runs/x", ANN)


def test_a_provider_that_hangs_is_waited_for_no_longer_than_was_said(browse: Open, provider: OpenIdProvider) -> None:
    browser = browse(oidc_timeout=0.4)
    provider.hangs = True
    began = time.monotonic()
    assert browser.leave().status_code == 503
    assert time.monotonic() - began < 5
    provider.hangs = False
    sent = browser.leave()
    address = browser.at_provider(sent)
    provider.hangs = True
    assert browser.hub.get(address).status_code == 503


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/login/oidc",
        "/login/oidc/callback?x",
    ],
)
def test_a_sign_in_leads_nowhere_else(browse: Open, address: str) -> None:
    assert browse().sign_in(address).headers["location"] == "/"


def test_a_long_address_is_left_behind_rather_than_the_sign_in(browse: Open) -> None:
    assert browse().sign_in("/" + "é" * 900).headers["location"] == "/"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_sites_page_begins_no_sign_in(browse: Open, provider: OpenIdProvider, site: str) -> None:
    done = browse().hub.get("/login/oidc?next=/x", headers={"Sec-Fetch-Site": site})
    assert (done.headers["location"], "set-cookie" in done.headers) == ("/login?next=%2Fx", False)
    assert provider.asked == []


def test_one_address_may_not_come_back_for_ever(browse: Open) -> None:
    browser = browse()
    answers = [browser.hub.get("/login/oidc/callback?code=x&state=x").status_code for _ in range(61)]
    assert set(answers[:60]) == {400}
    assert answers[60] == 429


def test_only_the_two_addresses_are_open_and_only_where_a_provider_is_set(browse: Open) -> None:
    browser = browse()
    for path in ("/login/oidc/", "/login/oidc/x", "/login/oidc/callback/", "/login/x"):
        assert browser.hub.get(path).status_code == 401
    assert browser.hub.post("/login/oidc/callback", headers={"Origin": HUB}).status_code == 405
    without = browse(oidc_issuer=None).hub
    for path in ("/login/oidc", "/login/oidc/callback"):
        assert without.get(path).status_code == 401
    assert "Sign in with" not in without.get("/login").text


def test_signing_out_ends_the_hubs_session_and_says_that_the_providers_goes_on(
    browse: Open, provider: OpenIdProvider, accounts: Accounts
) -> None:
    provider.metadata = {"end_session_endpoint": f"{provider.issuer}/end"}
    browser = browse()
    browser.sign_in()
    token = accounts.person_of_session(browser.hub.cookies["__Host-dockyard"]).csrf.get_secret_value()
    done = browser.hub.post("/logout", data={"csrf": token}, headers={"Origin": HUB})
    assert browser.who() is None
    shown = browser.hub.get(done.headers["location"]).text
    assert "You are signed out here. Acme may still know you in this browser" in shown
    assert f"{provider.issuer}/end?client_id={CLIENT}&amp;post_logout_redirect_uri=https%3A%2F%2Fhub.test%2Flogin" in shown


def test_a_public_client_and_one_that_posts_its_secret_sign_in(browse: Open, provider: OpenIdProvider) -> None:
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert browse().sign_in().status_code == 303
    assert browse(oidc_client_secret=None).sign_in().status_code == 403  # this provider wants one, and says so


def test_answers_are_kept_in_no_cache_and_send_no_referrer(browse: Open) -> None:
    done: httpx.Response = browse().sign_in()
    assert (done.headers["cache-control"], done.headers["referrer-policy"]) == ("no-store", "no-referrer")
