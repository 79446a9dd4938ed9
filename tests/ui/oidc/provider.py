"""A small OpenID provider on loopback, which checks what a hub sends and can be told to answer anything but the truth."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "dockyard-hub", "a secret of forty letters that stays secret"
STARTING_SECONDS = 30


@cache
def own_key() -> RSAKey:
    """The key of every provider here: making one takes long."""
    return rsa("one")


def rsa(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}, auto_kid=False)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class OpenIdProvider:
    """What it says is in its fields; a test changes them."""

    issuer: str = ""
    person: dict[str, Any] = field(
        default_factory=lambda: {"sub": "s-1", "email": "ann@example.org", "email_verified": True}
    )
    changed: dict[str, Any] = field(default_factory=dict)
    """Claims of the ID token in place of the true ones; None leaves one out."""
    userinfo: dict[str, Any] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    sends_iss: bool | str = True
    algorithm: str = "RS256"
    key: RSAKey = field(default_factory=own_key)
    published: list[RSAKey] = field(default_factory=list)
    publishes_own: bool = True
    odd_keys: list[Any] = field(default_factory=list)
    token_status: int = 200
    token_body: Any = None
    hangs: bool = False
    asked: list[str] = field(default_factory=list)
    redeemed: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def app(self) -> Starlette:
        routes = [
            Route("/.well-known/openid-configuration", self._document),
            Route("/keys", self._keys),
            Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]),
            Route("/userinfo", self._userinfo),
        ]
        return Starlette(routes=routes)

    async def _noted(self, request: Request) -> None:
        self.asked.append(request.url.path)
        while self.hangs:
            await asyncio.sleep(0.02)

    async def _document(self, request: Request) -> Response:
        await self._noted(request)
        known = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "authorization_response_iss_parameter_supported": True,
        }
        if self.userinfo is not None:
            known["userinfo_endpoint"] = f"{self.issuer}/userinfo"
        return JSONResponse(known | self.metadata)

    async def _keys(self, request: Request) -> Response:
        await self._noted(request)
        keys = self.published or ([self.key] if self.publishes_own else [])
        return JSONResponse({"keys": [*self.odd_keys, *(key.as_dict(private=False) for key in keys)]})

    async def _authorize(self, request: Request) -> Response:
        """Whoever comes is the person, who has signed in long ago."""
        asked = dict(request.query_params)
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        answer = {"state": asked["state"]}
        if self.sends_iss:
            answer["iss"] = self.issuer if self.sends_iss is True else self.sends_iss
        if self.error:
            answer["error"] = self.error
        else:
            answer["code"] = secrets.token_urlsafe(16)
            self.codes[answer["code"]] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", 303)

    async def _token(self, request: Request) -> Response:
        await self._noted(request)
        if self.token_status != 200 or self.token_body is not None:
            return JSONResponse(self.token_body, self.token_status)
        form = {key: str(value) for key, value in (await request.form()).items()}
        basic = f"Basic {base64.b64encode(f'{CLIENT}:{SECRET}'.encode()).decode()}"
        if request.headers.get("authorization") != basic and form.get("client_secret") != SECRET:
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self.codes.pop(form["code"], None)
        proof = _base64(hashlib.sha256(form["code_verifier"].encode()).digest())
        if asked is None or asked["code_challenge"] != proof or asked["redirect_uri"] != form["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        self.redeemed.append(form["code"])
        return JSONResponse({"access_token": "at", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])})

    async def _userinfo(self, request: Request) -> Response:
        await self._noted(request)
        assert request.headers["authorization"] == "Bearer at"
        return JSONResponse(self.userinfo)

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce, **self.person}
        claims = {key: value for key, value in (claims | self.changed).items() if value is not None}
        if self.algorithm == "none":
            head = _base64(b'{"alg":"none","typ":"JWT"}')
            return f"{head}.{_base64(jwt_json(claims))}."
        key = self.key if self.algorithm.startswith("RS") else OctKey.import_key(SECRET)
        header = {"alg": self.algorithm} | ({"kid": self.key.kid} if self.key.kid else {})
        return jwt.encode(header, claims, key, algorithms=[self.algorithm])


def jwt_json(claims: dict[str, Any]) -> bytes:
    return JSONResponse(claims).body


@contextmanager
def open_provider() -> Iterator[OpenIdProvider]:
    """A provider that listens on a port of its own."""
    provider = OpenIdProvider()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        provider.issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(
            uvicorn.Config(provider.app(), log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        end = time.monotonic() + STARTING_SECONDS
        while not server.started and thread.is_alive() and time.monotonic() < end:
            thread.join(0.02)
        assert server.started, "the provider did not start"
        try:
            yield provider
        finally:
            provider.hangs = False
            server.should_exit = True
            thread.join(STARTING_SECONDS)
