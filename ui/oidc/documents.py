"""What a provider answers, as far as it is read: the discovery document, the answer with the tokens, the ID token."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from ui.oidc.settings import is_secure


def _secure(address: str) -> str:
    if not is_secure(address):
        raise ValueError("an address of the provider that is not https")
    return address


Endpoint = Annotated[str, AfterValidator(_secure)]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Metadata(_Answer):
    """The discovery document (OpenID Connect Discovery 1.0, 3)."""

    issuer: str
    authorization_endpoint: Endpoint
    token_endpoint: Endpoint
    jwks_uri: Endpoint
    userinfo_endpoint: Endpoint | None = None
    end_session_endpoint: Endpoint | None = None
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class Tokens(_Answer):
    """What a code is redeemed for."""

    access_token: SecretStr
    id_token: SecretStr


class IdToken(_Answer):
    """The claims of an ID token that the protocol itself uses: their types, before Authlib looks at their values."""

    iss: str
    sub: Annotated[str, Field(min_length=1, max_length=255)]
    aud: str | list[str]
    exp: float
    iat: float
    nbf: float = 0
    nonce: str
    azp: str | None = None
    at_hash: str | None = None
