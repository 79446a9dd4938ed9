"""One identity provider, asked over HTTP: where to send people, and who came back (authorization code flow with PKCE)."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc.jwk import KeySet
from pydantic import BaseModel, JsonValue, ValidationError

from flows.service.accounts import PendingSignIn
from ui.oidc.claims import needs_more, together
from ui.oidc.documents import Metadata, Tokens
from ui.oidc.errors import ProviderAwayError, ProviderRefusedError, UntrustedAnswerError
from ui.oidc.id_token import UnknownKeyError, claims_of, key_set
from ui.oidc.settings import OidcSettings

KEPT_SECONDS = 3600.0
"""How long the discovery document and the keys are kept."""
NEW_KEYS_SECONDS = 60.0
"""A token with an unknown key makes the hub ask for new ones, at most so often."""
LARGEST = 1 << 20
"""Bytes of an answer."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class _Known:
    metadata: Metadata
    keys: KeySet
    at: float


class Provider:
    """The provider of the settings, which must name an issuer. `callback` is where it sends people back.

    Its methods raise ProviderAwayError, ProviderRefusedError, UntrustedAnswerError; and InvalidInputError at once where the
    secret cannot be read.
    """

    def __init__(self, settings: OidcSettings, callback: str) -> None:
        self.settings = settings
        self.callback = callback
        self._secret = settings.secret()
        self._known: _Known | None = None

    @property
    def label(self) -> str:
        """What people know it by."""
        return self.settings.label

    def leave(self, home: str) -> str | None:
        """Where somebody can sign out of the provider, too, and come back to `home`; None where that is not known."""
        end = self._known.metadata.end_session_endpoint if self._known else None
        if end is None:
            return None
        query = urlencode({"client_id": self.settings.oidc_client_id, "post_logout_redirect_uri": home})
        return f"{end}{'&' if '?' in end else '?'}{query}"

    async def begin(self, then: str) -> tuple[str, PendingSignIn]:
        """The provider's address that somebody signs in at, and what must be known when they come back."""
        pending = PendingSignIn(
            state=secrets.token_urlsafe(32), nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48), then=then
        )
        async with self._asking() as client:
            metadata = (await self._look(client)).metadata
            address, _ = client.create_authorization_url(
                metadata.authorization_endpoint,
                state=pending.state,
                code_verifier=pending.verifier,
                nonce=pending.nonce,
            )
        return address, pending

    async def finish(self, code: str, issuer: str | None, pending: PendingSignIn) -> dict[str, JsonValue]:
        """What the provider says of who came back with `code`; `issuer` is the answer's `iss` (RFC 9207)."""
        async with self._asking() as client:
            known = await self._look(client)
            self._check_sender(issuer, known.metadata)
            tokens = await self._redeem(client, code, pending, known.metadata)
            claims = await self._read(client, tokens, known, pending)
            if known.metadata.userinfo_endpoint is None or not needs_more(claims, self.settings):
                return claims
            said = await self._ask(client, known.metadata.userinfo_endpoint, tokens)
            if said.get("sub") != claims["sub"]:
                raise UntrustedAnswerError(_ODD, "userinfo speaks of another subject than the ID token")
            return together(claims, said)

    def check(self, issuer: str | None) -> None:
        """Whether an answer without a code is this provider's. Raises UntrustedAnswerError."""
        if issuer is not None and issuer != self.settings.oidc_issuer:
            raise UntrustedAnswerError(_ODD, "the answer came from another issuer than it was asked of")

    def _check_sender(self, issuer: str | None, metadata: Metadata) -> None:
        self.check(issuer)
        if issuer is None and metadata.authorization_response_iss_parameter_supported:
            raise UntrustedAnswerError(_ODD, "the answer lacks the issuer, which the provider says it always gives")

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[AsyncOAuth2Client]:
        """A client for one step of a sign-in, all of whose requests together end in time."""
        seconds = self.settings.oidc_timeout
        try:
            async with (
                asyncio.timeout(seconds),
                AsyncOAuth2Client(
                    client_id=self.settings.oidc_client_id,
                    client_secret=self._secret.get_secret_value() if self._secret else None,
                    scope=self.settings.oidc_scopes,
                    redirect_uri=self.callback,
                    code_challenge_method="S256",
                    timeout=seconds,
                    follow_redirects=False,
                ) as client,
            ):
                yield client
        except TimeoutError as error:
            raise ProviderAwayError(self._away, f"no answer within {seconds:g} s") from error
        except httpx2.HTTPError as error:
            # What failed before anything was sent says why, a certificate for instance; else the kind alone.
            why = f": {error}" if isinstance(error, httpx2.ConnectError) else ""
            raise ProviderAwayError(self._away, f"{type(error).__name__}{why}") from error

    async def _look(self, client: AsyncOAuth2Client, *, anew: bool = False) -> _Known:
        known = self._known
        if known and not anew and time.monotonic() - known.at < KEPT_SECONDS:
            return known
        issuer = self.settings.oidc_issuer or ""
        document = await self._ask(client, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        metadata = _checked(Metadata, document, "the discovery document")
        if metadata.issuer != issuer:
            raise UntrustedAnswerError(_ODD, f"the discovery document is of the issuer {metadata.issuer[:255]!r}")
        keys = key_set(await self._ask(client, metadata.jwks_uri))
        if not keys.keys:
            raise UntrustedAnswerError(_ODD, "the provider publishes no key that can be read")
        self._known = _Known(metadata, keys, time.monotonic())
        return self._known

    async def _redeem(self, client: AsyncOAuth2Client, code: str, pending: PendingSignIn, metadata: Metadata) -> Tokens:
        if self._secret is not None:
            offered = metadata.token_endpoint_auth_methods_supported
            posts = "client_secret_basic" not in offered and "client_secret_post" in offered
            client.token_endpoint_auth_method = "client_secret_post" if posts else "client_secret_basic"
        try:
            found = await client.fetch_token(
                metadata.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=pending.verifier,
                redirect_uri=self.callback,
            )
        except OAuthError as error:
            said = (
                "the identity provider did not accept this sign-in; begin it again, or ask an admin to look at the hub's log"
            )
            raise ProviderRefusedError(said, f"the token endpoint answered {plain(error.error)}") from error
        except httpx2.HTTPStatusError as error:
            raise ProviderAwayError(self._away, f"the token endpoint answered {error.response.status_code}") from error
        except (ValueError, RecursionError) as error:
            raise UntrustedAnswerError(_ODD, "the token endpoint's answer is no JSON") from error
        return _checked(Tokens, found, "the token endpoint's answer")

    async def _read(
        self, client: AsyncOAuth2Client, tokens: Tokens, known: _Known, pending: PendingSignIn
    ) -> dict[str, JsonValue]:
        client_id = self.settings.oidc_client_id or ""
        try:
            return claims_of(tokens, known.keys, known.metadata, client_id, pending.nonce)
        except UnknownKeyError:
            if time.monotonic() - known.at >= NEW_KEYS_SECONDS:
                known = await self._look(client, anew=True)
        try:
            return claims_of(tokens, known.keys, known.metadata, client_id, pending.nonce)
        except UnknownKeyError as error:
            raise UntrustedAnswerError(
                _ODD, "the ID token is signed with a key that the provider does not publish"
            ) from error

    async def _ask(self, client: AsyncOAuth2Client, address: str, tokens: Tokens | None = None) -> dict[str, JsonValue]:
        headers = {"Accept": "application/json"}
        if tokens:
            headers["Authorization"] = f"Bearer {tokens.access_token.get_secret_value()}"
        answer = await client.request("GET", address, headers=headers, withhold_token=True)
        where = address.partition("?")[0]
        if answer.status_code >= 500:
            raise ProviderAwayError(self._away, f"{where} answered {answer.status_code}")
        if answer.status_code != 200 or len(answer.content) > LARGEST:
            raise UntrustedAnswerError(_ODD, f"{where} answered {answer.status_code} with {len(answer.content)} bytes")
        try:
            found = answer.json()
        except (ValueError, RecursionError) as error:
            raise UntrustedAnswerError(_ODD, f"{where} answered no JSON") from error
        if not isinstance(found, dict):
            raise UntrustedAnswerError(_ODD, f"{where} answered no JSON object")
        return found

    @property
    def _away(self) -> str:
        said = f"the identity provider {self.label} does not answer at present"
        return f"{said}; try again in a while, or sign in with a password"


_ODD = "the identity provider answered something that cannot be trusted; ask an admin to look at the hub's log"


def plain(code: str | None) -> str:
    """An error code as it may be shown and logged (RFC 6749, 4.1.2.1: letters and signs)."""
    return "".join(sign for sign in (code or "")[:64] if sign.isascii() and (sign.isalnum() or sign in "_-.")) or "an error"


def _checked(kind: type[M], document: object, what: str) -> M:
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        wrong = ", ".join(str(item["loc"][0]) if item["loc"] else "all" for item in error.errors())
        raise UntrustedAnswerError(_ODD, f"{what} lacks or misuses: {wrong}") from error
