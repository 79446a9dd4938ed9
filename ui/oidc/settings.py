"""Settings of signing in by an identity provider (OpenID Connect); without an issuer there is only the password."""

from __future__ import annotations

import re
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from flows.errors import InvalidInputError
from flows.service.accounts import Role

EMAIL = "email"
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def is_secure(address: str) -> bool:
    """Whether an address of a provider may be asked: over TLS, or on this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


class OidcSettings(BaseSettings):
    """Each can be set by an environment variable `DOCKYARD_<NAME>`, like `flows.settings.Settings`."""

    model_config = SettingsConfigDict(env_prefix="DOCKYARD_", frozen=True, hide_input_in_errors=True)

    oidc_issuer: str | None = Field(
        default=None,
        description="Issuer of the identity provider, to the letter as its discovery document says. People can sign in "
        "there where this is set.",
    )
    oidc_client_id: str | None = Field(
        default=None, validate_default=True, description="Client ID under which the provider knows this hub."
    )
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="Secret of that client; none for a public client, which PKCE alone protects."
    )
    oidc_client_secret_file: Path | None = Field(
        default=None, description="File that holds the secret instead; read when the page starts."
    )
    oidc_name: str | None = Field(
        default=None, max_length=60, description="What the login page calls the provider; default: the issuer's host."
    )
    oidc_scopes: str = Field(default="openid email profile", description="Scopes that are asked for, blanks between.")
    oidc_account_claim: str = Field(
        default=EMAIL,
        min_length=1,
        description="Claim that names the account at the first sign-in. Of `email` only a verified address counts; take "
        "another one only if people cannot choose its value.",
    )
    oidc_join_domains: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Domains, commas between, whose people get an account at their first sign-in. Everybody else needs one.",
    )
    oidc_groups_claim: str | None = Field(
        default=None,
        description="Claim that lists the person's groups; `a.b` looks for `b` in `a`. Set, it replaces the account's "
        "groups at each sign-in.",
    )
    oidc_roles: dict[str, Role] = Field(
        default_factory=dict,
        validate_default=True,
        description='Role for each of those groups, as JSON: `{"ops": "operator"}`. Set, it decides the role at each '
        "sign-in: the highest counts.",
    )
    oidc_default_role: Role = Field(
        default=Role.VIEWER, description="Role of who joins, and of who is in no group of the roles."
    )
    oidc_timeout: float = Field(
        default=10.0, gt=0, le=55, description="Seconds that one step of a sign-in may wait for the provider."
    )

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, given: str | None) -> str | None:
        if given and (not is_secure(given) or urlsplit(given).query or len(given) > 255):
            raise ValueError("write the issuer's https address, such as https://id.example.org/realms/main")
        return given or None

    @field_validator("oidc_client_id")
    @classmethod
    def _client(cls, given: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("oidc_issuer") and not given:
            raise ValueError("name the client that the provider knows this hub by")
        return given

    @field_validator("oidc_client_secret_file")
    @classmethod
    def _one_secret(cls, given: Path | None, info: ValidationInfo) -> Path | None:
        if given is not None and info.data.get("oidc_client_secret") is not None:
            raise ValueError("give the secret or its file, not both")
        return given

    @field_validator("oidc_scopes")
    @classmethod
    def _scopes(cls, given: str) -> str:
        scopes = given.split()
        if "openid" not in scopes or not all(map(_SCOPE.fullmatch, scopes)):
            raise ValueError("write scopes with blanks between, and openid among them")
        return " ".join(scopes)

    @field_validator("oidc_join_domains", mode="before")
    @classmethod
    def _domains(cls, given: object, info: ValidationInfo) -> object:
        if not isinstance(given, str):
            return given
        found = tuple(part.strip().lower() for part in given.split(",") if part.strip())
        if not all(map(_DOMAIN.fullmatch, found)):
            raise ValueError("write domains such as example.org, commas between")
        if found and info.data.get("oidc_account_claim") != EMAIL:
            raise ValueError(
                "only a verified e-mail address can name a new account: leave DOCKYARD_OIDC_ACCOUNT_CLAIM at email"
            )
        return found

    @field_validator("oidc_roles")
    @classmethod
    def _of_groups(cls, given: dict[str, Role], info: ValidationInfo) -> dict[str, Role]:
        if given and not info.data.get("oidc_groups_claim"):
            raise ValueError("roles go by groups: set DOCKYARD_OIDC_GROUPS_CLAIM, too")
        return given

    @property
    def label(self) -> str:
        """What people know the provider by."""
        return self.oidc_name or urlsplit(self.oidc_issuer or "").hostname or "the identity provider"

    def secret(self) -> SecretStr | None:
        """The client's secret, from wherever it is. Raises InvalidInputError where its file cannot be read."""
        file = self.oidc_client_secret_file
        if file is None:
            return self.oidc_client_secret
        try:
            text = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise InvalidInputError(f"DOCKYARD_OIDC_CLIENT_SECRET_FILE: {file} cannot be read: {why}") from error
        if not text:
            raise InvalidInputError(f"DOCKYARD_OIDC_CLIENT_SECRET_FILE: {file} is empty")
        return SecretStr(text)


@cache
def oidc_settings() -> OidcSettings:
    """The process's settings of the identity provider, read once."""
    return OidcSettings()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
