"""Whether an ID token is the provider's, for this hub and sign-in, and still good (OpenID Connect Core 1.0, 3.1.3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from pydantic import JsonValue, ValidationError

from ui.oidc.documents import IdToken, Metadata, Tokens
from ui.oidc.errors import UntrustedAnswerError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures with a key that the provider keeps to itself. `none` is no signature, and whoever knows the client's secret
could make an HMAC."""
LEEWAY = 60
"""Seconds that the two clocks may differ."""

_UNTRUSTED = (
    "what the identity provider says of you could not be checked; try again, or ask an admin to look at the hub's log"
)


class UnknownKeyError(Exception):
    """The token names a key that is not among those at hand: the provider may have new ones."""


def key_set(document: Mapping[str, JsonValue]) -> KeySet:
    """The keys of a JWK set; those of a kind that is not known here are left out (RFC 7517, 5)."""
    listed = document.get("keys")
    found = []
    for one in listed if isinstance(listed, list) else ():
        with suppress(JoseError, ValueError, KeyError, TypeError, AttributeError):  # of any shape, as it came
            found += KeySet.import_key_set({"keys": [one]}).keys  # type: ignore[list-item] # as it came
    return KeySet(found)


def claims_of(tokens: Tokens, keys: KeySet, metadata: Metadata, client: str, nonce: str) -> dict[str, JsonValue]:
    """The claims of the ID token. Raises UntrustedAnswerError where a check fails, UnknownKeyError."""
    allowed = [name for name in metadata.id_token_signing_alg_values_supported if name in ALGORITHMS]
    try:
        found = jwt.decode(
            tokens.id_token.get_secret_value(),
            keys,
            registry=JWSRegistry(algorithms=allowed, strict_check_header=False),
        )
        IdToken.model_validate(found.claims)
        options = {
            "iss": {"essential": True, "value": metadata.issuer},
            "aud": {"essential": True, "value": client},
        }
        params = {"nonce": nonce, "client_id": client, "access_token": tokens.access_token.get_secret_value()}
        CodeIDToken(found.claims, found.header, options, params).validate(leeway=LEEWAY)
    except InvalidKeyIdError as error:
        raise UnknownKeyError from error
    except ValidationError as error:
        wrong = ", ".join(str(item["loc"][0]) for item in error.errors())
        raise UntrustedAnswerError(_UNTRUSTED, f"the ID token lacks or misuses: {wrong}") from error
    except (JoseError, ValueError) as error:
        raise UntrustedAnswerError(_UNTRUSTED, f"the ID token was refused: {type(error).__name__} {error}") from error
    return dict(found.claims)
