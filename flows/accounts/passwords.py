"""Passwords: what may be one, and how it is kept (argon2id, RFC 9106)."""

from __future__ import annotations

import base64
import secrets
import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import SecretStr

from flows.accounts.errors import PasswordError

MIN_LENGTH = 12
"""Characters. Length is what counts: no rule asks for digits or signs (NIST SP 800-63B, 3.1.1.2)."""
MAX_LENGTH = 1024
"""Characters; beyond that somebody wants to keep the machine busy."""
AT_ONCE = 4
"""Hashes that one process computes at a time; each takes 64 MiB."""

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that looks like another: a first password is read from a terminal and typed."""


class Passwords:
    """Hashing and checking, with argon2-cffi's recommended costs or those of a `hasher`."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def hash(self, password: SecretStr) -> str:
        """What is kept of a password. Raises PasswordError for one that nobody should have."""
        text = _normal(password)
        if len(text) < MIN_LENGTH:
            raise PasswordError(f"a password has at least {MIN_LENGTH} characters; a few words in a row are easy to keep")
        if len(text) > MAX_LENGTH:
            raise PasswordError(f"a password has at most {MAX_LENGTH} characters")
        if len(set(text)) < 4:
            raise PasswordError("this password repeats a few characters; take a few words in a row")
        with self._turns:
            return self._hasher.hash(text)

    def fits(self, kept: str, password: SecretStr) -> bool:
        """Whether this is the password of which `kept` was kept.

        Where there is none (empty), the answer is no after the same work: time must not tell who has an account.
        """
        text = _normal(password)[: MAX_LENGTH + 1]
        with self._turns:
            try:
                self._hasher.verify(kept or self._nobodys(), text)
            except (VerificationError, InvalidHashError):
                return False
        return bool(kept)

    def is_stale(self, kept: str) -> bool:
        """Whether `kept` was made with other costs than today's."""
        return self._hasher.check_needs_rehash(kept)

    def _nobodys(self) -> str:
        """A hash of today's costs that no password has: making it costs nothing, checking it as much as any."""
        costs = f"m={self._hasher.memory_cost},t={self._hasher.time_cost},p={self._hasher.parallelism}"
        salt, digest = (_base64(bytes(length)) for length in (self._hasher.salt_len, self._hasher.hash_len))
        return f"$argon2id$v=19${costs}${salt}${digest}"


def random_password() -> SecretStr:
    """A password of 24 letters and digits in groups of six, 118 bits."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(6)) for _ in range(4))
    return SecretStr("-".join(groups))


def _normal(password: SecretStr) -> str:
    # The same characters, whatever keyboard composed them; a lone surrogate could not be hashed.
    text = unicodedata.normalize("NFKC", password.get_secret_value()[: 4 * MAX_LENGTH])
    return text.encode(errors="replace").decode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).rstrip(b"=").decode()
