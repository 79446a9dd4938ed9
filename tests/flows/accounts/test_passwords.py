"""What may be a password, and that checking one takes the same work whoever is asked about."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher, extract_parameters
from pydantic import SecretStr

from flows.accounts import PasswordError, Passwords, random_password
from tests.flows.accounts.people import CHEAP, PASSWORD, WRONG


class Watched(PasswordHasher):
    """Notes every hash that it was to verify."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified: list[str | bytes] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002 - argon2's name
        self.verified.append(hash)
        return bool(super().verify(hash, password))


def test_by_default_it_is_argon2id_with_at_least_the_recommended_costs() -> None:
    kept = Passwords().hash(PASSWORD)
    assert kept.startswith("$argon2id$")
    costs = extract_parameters(kept)
    assert (costs.memory_cost >= 65536, costs.time_cost >= 3) == (True, True)


def test_only_the_password_fits() -> None:
    kept = CHEAP.hash(PASSWORD)
    assert CHEAP.fits(kept, PASSWORD)
    assert not CHEAP.fits(kept, WRONG)
    assert PASSWORD.get_secret_value() not in kept


def test_it_fits_however_the_keyboard_composed_it() -> None:
    assert CHEAP.fits(CHEAP.hash(SecretStr("caf\u00e9 caf\u00e9 caf\u00e9")), SecretStr("cafe\u0301 cafe\u0301 cafe\u0301"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [("short", "at least 12 characters"), ("abababababababab", "repeats"), ("long and " * 200, "at most 1024")],
)
def test_refuses_what_nobody_should_have(text: str, reason: str) -> None:
    with pytest.raises(PasswordError, match=reason) as caught:
        CHEAP.hash(SecretStr(text))
    assert text not in str(caught.value)


@pytest.mark.parametrize("password", [PASSWORD, SecretStr(""), SecretStr("\ud800" * 20), SecretStr("x" * 100_000)])
def test_nobodys_password_takes_the_work_of_anybodys_and_never_fits(password: SecretStr) -> None:
    hasher = Watched()
    known = hasher.hash("x" * 12)
    assert not Passwords(hasher).fits("", password)
    (verified,) = hasher.verified
    assert isinstance(verified, str)
    assert extract_parameters(verified) == extract_parameters(known)


def test_a_kept_one_that_is_no_hash_lets_nobody_in() -> None:
    assert not CHEAP.fits("no hash", PASSWORD)


def test_what_was_made_with_other_costs_is_stale() -> None:
    assert Passwords().is_stale(CHEAP.hash(PASSWORD))
    assert not CHEAP.is_stale(CHEAP.hash(PASSWORD))


def test_a_random_one_may_be_one_and_is_another_each_time() -> None:
    made = {random_password().get_secret_value() for _ in range(100)}
    assert len(made) == 100
    assert CHEAP.hash(SecretStr(made.pop()))
