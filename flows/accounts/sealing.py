"""Sealing what people carry for the hub, in a link or a cookie: readable, and nobody else could have written it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from sqlalchemy import Engine

from flows.accounts.keys import signing_key


class Sealer:
    """Seals with one key of the hub's database, on any replica. Raises UnavailableError where the database fails.

    `longest` is how many characters a sealed text has at most.
    """

    def __init__(self, engine: Engine, key: str, longest: int) -> None:
        self._engine = engine
        self._key = key
        self._longest = longest

    def seal(self, payload: bytes) -> str:
        """The payload with its signature (HMAC-SHA256), fit for a URL and a cookie."""
        return f"{_encode(payload)}.{_encode(self._sign(payload))}"

    def open(self, text: str) -> bytes | None:
        """The payload of a sealed text; None where it was not sealed with this key."""
        if len(text) > self._longest:
            return None
        head, _, tail = text.partition(".")
        try:
            payload, signature = _decode(head), _decode(tail)
        except (ValueError, binascii.Error):  # no seal of anybody
            return None
        return payload if hmac.compare_digest(self._sign(payload), signature) else None

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(signing_key(self._engine, self._key), payload, hashlib.sha256)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
