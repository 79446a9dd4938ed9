"""A sign-in at a provider comes back once, in time, to the browser that began it, on whichever replica."""

from __future__ import annotations

import pytest
from sqlalchemy import URL, Engine, func, select

from flows.accounts import Links, PendingSignIn, PendingSignIns, StaleSignInError
from flows.accounts.pending import LIFETIME, LONGEST_COOKIE
from flows.store import read
from flows.store.engine import open_url
from flows.store.tables import used_states
from tests.flows.accounts.people import NOW, SECOND
from tests.flows.processes import at_once

STATE = "s" * 43


def pending(state: str = STATE, then: str = "/runs/x") -> PendingSignIn:
    return PendingSignIn(state=state, nonce="n" * 43, verifier="v" * 64, then=then)


def redeem(asked: tuple[URL, str]) -> str:
    url, sealed = asked
    try:
        return PendingSignIns(open_url(url)).redeem(sealed, STATE, NOW).then
    except StaleSignInError as error:
        return type(error).__name__


def test_it_comes_back_as_it_went(store: Engine) -> None:
    signing = PendingSignIns(store)
    assert signing.redeem(signing.seal(pending(), NOW), STATE, NOW + LIFETIME - SECOND) == pending()


def test_it_comes_back_once_whichever_replica_is_asked(store: Engine, database: URL) -> None:
    sealed = PendingSignIns(store).seal(pending(), NOW)
    assert sorted(at_once(redeem, [(database, sealed)] * 4)) == ["/runs/x"] + ["StaleSignInError"] * 3
    # Sealing the same state anew is no way round.
    assert redeem((database, PendingSignIns(store).seal(pending(), NOW))) == "StaleSignInError"


def test_it_does_not_come_back_late(store: Engine) -> None:
    signing = PendingSignIns(store)
    with pytest.raises(StaleSignInError, match="begin it again"):
        signing.redeem(signing.seal(pending(), NOW), STATE, NOW + LIFETIME)


@pytest.mark.parametrize("state", ["", "t" * 43, STATE + "s", "\udcff" * 43])
def test_another_state_uses_nothing_up(store: Engine, state: str) -> None:
    signing = PendingSignIns(store)
    sealed = signing.seal(pending(), NOW)
    with pytest.raises(StaleSignInError):
        signing.redeem(sealed, state, NOW)
    assert signing.redeem(sealed, STATE, NOW) == pending()


def test_what_was_not_sealed_here_is_nothing(store: Engine) -> None:
    signing = PendingSignIns(store)
    head, _, tail = signing.seal(pending(), NOW).partition(".")
    other = signing.seal(pending(then="/runs/y"), NOW).partition(".")[0]
    for sealed in ("", ".", head, f"{other}.{tail}", f"{head}.{tail[::-1]}", f"{head}.{tail}x", "é.é", "x" * 9000):
        with pytest.raises(StaleSignInError):
            signing.redeem(sealed, STATE, NOW)


def test_a_link_is_no_sign_in(store: Engine) -> None:
    link = Links(store).make("gate", "alice", now=NOW, expires=NOW + LIFETIME)
    with pytest.raises(StaleSignInError):
        PendingSignIns(store).redeem(link, STATE, NOW)


def test_the_longest_fits_a_cookie_and_what_is_over_is_forgotten(store: Engine) -> None:
    signing = PendingSignIns(store)
    long = signing.seal(pending(then="/" + "é" * 500), NOW)
    assert len(long) < LONGEST_COOKIE
    signing.redeem(long, STATE, NOW)
    signing.redeem(signing.seal(pending("t" * 43), NOW + LIFETIME), "t" * 43, NOW + LIFETIME)
    assert read(store, lambda connection: connection.execute(select(func.count()).select_from(used_states)).scalar()) == 1
