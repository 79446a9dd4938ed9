"""The provider's settings: what cannot be safe is refused by name, and the secret is nowhere to be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.errors import InvalidInputError
from flows.service.accounts import Role
from ui.app.application import provider_of
from ui.oidc.settings import OidcSettings, is_secure
from ui.settings import WebSettings

NEEDED = {"OIDC_ISSUER": "https://id.example", "OIDC_CLIENT_ID": "hub"}


def read(monkeypatch: pytest.MonkeyPatch, **given: str) -> OidcSettings:
    for name, value in (NEEDED | given).items():
        monkeypatch.setenv(f"DOCKYARD_{name}", value)
    return OidcSettings()


def test_without_an_issuer_there_is_no_provider() -> None:
    assert provider_of(OidcSettings(), WebSettings()) is None


def test_each_is_read_from_a_variable_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(
        monkeypatch,
        OIDC_CLIENT_SECRET="hidden",
        OIDC_JOIN_DOMAINS="Example.ORG, example.net",
        OIDC_GROUPS_CLAIM="groups",
        OIDC_ROLES='{"ops": "operator"}',
    )
    assert found.oidc_join_domains == ("example.org", "example.net")
    assert found.oidc_roles == {"ops": Role.OPERATOR}
    assert (found.label, found.oidc_default_role, found.oidc_account_claim) == ("id.example", Role.VIEWER, "email")
    assert "hidden" not in repr(found) + str(found) + found.model_dump_json()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_ISSUER", "http://hidden.example"),
        ("OIDC_ISSUER", "hidden.example"),
        ("OIDC_ISSUER", "https://user:hidden@id.example"),
        ("OIDC_ISSUER", "https://id.example/?hidden"),
        ("OIDC_ISSUER", "https://id.example/#hidden"),
        ("OIDC_ISSUER", "javascript:hidden"),
        ("OIDC_CLIENT_ID", ""),
        ("OIDC_SCOPES", "email hidden"),
        ("OIDC_SCOPES", 'openid "hidden"'),
        ("OIDC_JOIN_DOMAINS", "*.hidden"),
        ("OIDC_JOIN_DOMAINS", "@hidden.example"),
        ("OIDC_ROLES", '{"hidden": "operator"}'),  # without a claim that lists groups
        ("OIDC_ROLES", '{"ops": "hidden"}'),
        ("OIDC_TIMEOUT", "0"),
        ("OIDC_DEFAULT_ROLE", "hidden"),
    ],
)
def test_what_cannot_be_used_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(monkeypatch, **{name: value})
    assert {str(error["loc"][0]) for error in caught.value.errors()} == {name.lower()}
    assert "hidden" not in str(caught.value)


def test_only_a_verified_address_names_new_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="DOCKYARD_OIDC_ACCOUNT_CLAIM"):
        read(monkeypatch, OIDC_ACCOUNT_CLAIM="preferred_username", OIDC_JOIN_DOMAINS="example.org")


def test_the_secret_may_be_in_a_file_but_not_in_both_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("hidden\n", encoding="utf-8")
    found = read(monkeypatch, OIDC_CLIENT_SECRET_FILE=str(file))
    secret = found.secret()
    assert secret is not None
    assert (secret.get_secret_value(), "hidden" in repr(found)) == ("hidden", False)
    file.write_text(" \n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="is empty"):
        found.secret()
    file.unlink()
    with pytest.raises(InvalidInputError, match=r"DOCKYARD_OIDC_CLIENT_SECRET_FILE: .* cannot be read"):
        found.secret()
    with pytest.raises(ValidationError, match="not both"):
        read(monkeypatch, OIDC_CLIENT_SECRET_FILE=str(file), OIDC_CLIENT_SECRET="x")


@pytest.mark.parametrize("web", [{"page_host": "192.0.2.1"}, {"page_url": "http://hub.example"}])
def test_people_must_be_able_to_come_back(monkeypatch: pytest.MonkeyPatch, web: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError, match="DOCKYARD_PAGE_URL"):
        provider_of(read(monkeypatch), WebSettings(**web))


@pytest.mark.parametrize(
    ("address", "secure"),
    [
        ("https://id.example/x", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost", True),
        ("http://localhost.evil.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://127.0.0.1@evil.example", False),
        ("ftp://127.0.0.1", False),
        ("//id.example", False),
        ("https://", False),
        ("https://[", False),
    ],
)
def test_a_provider_is_asked_over_tls_or_on_this_machine(address: str, secure: bool) -> None:
    assert is_secure(address) is secure
