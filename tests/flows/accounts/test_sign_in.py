"""Signing in: nobody learns who exists, and guessing is slow, from however many replicas."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr
from sqlalchemy import URL, Engine, text

from flows.accounts import Account, Directory, Passwords, SignIn, TooManyAttemptsError, WrongCredentialsError
from flows.accounts.rows import find
from flows.accounts.sign_in import FORGOTTEN, FREE, LONGEST_WAIT, wait_after
from flows.store import read
from flows.store.engine import open_url
from tests.flows.accounts.people import CHEAP, DAY, NOW, PASSWORD, SECOND, WRONG, added
from tests.flows.processes import at_once


def fail(store: Engine, name: str, times: int) -> None:
    for _ in range(times):
        with pytest.raises(WrongCredentialsError):
            SignIn(store, CHEAP).sign_in(name, WRONG, NOW)


def guess(url: URL) -> str:
    try:
        SignIn(open_url(url), CHEAP).sign_in("alice", WRONG, NOW)
    except (TooManyAttemptsError, WrongCredentialsError) as error:
        return type(error).__name__
    return "in"


def test_name_and_password_begin_a_session(store: Engine) -> None:
    account = added(store, "alice")
    assert SignIn(store, CHEAP).sign_in("Alice", PASSWORD, NOW).session.account == account


def test_whatever_is_wrong_it_is_the_same_refusal(store: Engine) -> None:
    added(store, "alice")
    added(store, "bob")
    Directory(store).add(Account(name="carol", role="viewer"))
    Directory(store).change("bob", lambda account: account.model_copy(update={"disabled": True}))
    said = set()
    for name, password in [
        ("alice", WRONG),
        ("bob", PASSWORD),
        ("carol", SecretStr("")),
        ("dave", WRONG),
        ("a b\0", WRONG),
        ("\ud800", WRONG),
    ]:
        with pytest.raises(WrongCredentialsError) as caught:
            SignIn(store, CHEAP).sign_in(name, password, NOW)
        said.add(str(caught.value))
    assert len(said) == 1


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_after_some_failures_even_the_right_password_waits(store: Engine, name: str) -> None:
    added(store, "alice")
    fail(store, name, FREE)
    with pytest.raises(TooManyAttemptsError, match="try again in 30 s") as caught:
        SignIn(store, CHEAP).sign_in(name, PASSWORD, NOW)
    assert caught.value.retry_after == 30
    with pytest.raises(TooManyAttemptsError, match="in 1 s"):  # asking meanwhile makes it no longer
        SignIn(store, CHEAP).sign_in(name, PASSWORD, NOW + 29 * SECOND)


def test_after_the_wait_one_more_may_be_tried_and_success_forgets_all(store: Engine) -> None:
    added(store, "alice")
    fail(store, "alice", FREE)
    SignIn(store, CHEAP).sign_in("alice", PASSWORD, NOW + 30 * SECOND)
    fail(store, "alice", FREE)


def test_the_failures_of_one_are_not_those_of_another(store: Engine) -> None:
    added(store, "alice")
    fail(store, "bob", FREE)
    assert SignIn(store, CHEAP).sign_in("alice", PASSWORD, NOW)


def test_the_wait_doubles_up_to_a_quarter_of_an_hour() -> None:
    waits = [wait_after(FREE + more).total_seconds() for more in range(7)]
    assert waits == [30, 60, 120, 240, 480, 900, 900]
    assert wait_after(10**9) == LONGEST_WAIT
    assert wait_after(FREE - 1).total_seconds() == 0


def test_failures_are_forgotten_after_a_day(store: Engine) -> None:
    added(store, "alice")
    fail(store, "alice", FREE)
    for _ in range(FREE):
        with pytest.raises(WrongCredentialsError):
            SignIn(store, CHEAP).sign_in("alice", WRONG, NOW + FORGOTTEN)


def test_a_name_that_was_tried_is_not_kept(store: Engine) -> None:
    fail(store, "hunter2hunter2", 1)
    with store.begin() as connection:
        (row,) = connection.execute(text("SELECT * FROM attempts")).all()
    assert "hunter2" not in str(row)


def test_many_guesses_at_the_same_moment_are_counted_one_by_one(database: URL) -> None:
    added(open_url(database), "alice")
    told = at_once(guess, [database] * (FREE + 3))
    assert sorted(told) == ["TooManyAttemptsError"] * 3 + ["WrongCredentialsError"] * FREE


def test_a_hash_of_older_costs_is_made_anew_by_a_sign_in_that_succeeds(store: Engine) -> None:
    added(store, "alice")
    dearer = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    _, before = read(store, lambda connection: find(connection, "alice")) or (None, "")
    with pytest.raises(WrongCredentialsError):
        SignIn(store, dearer).sign_in("alice", WRONG, NOW)
    assert read(store, lambda connection: find(connection, "alice")) == (Directory(store).get("alice"), before)
    SignIn(store, dearer).sign_in("alice", PASSWORD, NOW)
    _, after = read(store, lambda connection: find(connection, "alice")) or (None, "")
    assert "$m=16,t=2,p=1$" in after
    assert SignIn(store, dearer).sign_in("alice", PASSWORD, NOW + DAY)


def test_who_is_disabled_while_the_password_is_checked_does_not_get_in(store: Engine) -> None:
    added(store, "alice")

    class Slow(Passwords):
        def fits(self, kept: str, password: SecretStr) -> bool:
            Directory(store).change("alice", lambda account: account.model_copy(update={"disabled": True}))
            return CHEAP.fits(kept, password)

    with pytest.raises(WrongCredentialsError):
        SignIn(store, Slow(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))).sign_in("alice", PASSWORD, NOW)
