"""A session lasts while it is used, not for ever, and not beyond what ends it."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import Engine, text

from flows.accounts import Account, Directory, ForgedRequestError, NotSignedInError, Role, Sessions, SignIn, check_csrf
from flows.accounts.sessions import IDLE, LIFETIME
from tests.flows.accounts.people import CHEAP, HOUR, MINUTE, NOW, PASSWORD, SECOND, added


def signed_in(store: Engine, name: str = "alice", now: datetime = NOW) -> str:
    return SignIn(store, CHEAP).sign_in(name, PASSWORD, now).id.get_secret_value()


def refused(store: Engine, session: str, now: datetime = NOW) -> None:
    with pytest.raises(NotSignedInError, match="sign in"):
        Sessions(store).find(session, now)


def test_it_says_who_it_is_and_what_they_may(store: Engine) -> None:
    account = added(store, "alice")
    found = Sessions(store).find(signed_in(store), NOW)
    assert (found.account, found.scopes) == (account, Role.OPERATOR.scopes)
    assert found.expires == NOW + IDLE


@pytest.mark.parametrize("session", ["", "x", "\ud800", "x" * 100_000])
def test_an_id_that_is_none_is_nobody(store: Engine, session: str) -> None:
    refused(store, session)


def test_its_id_is_not_in_the_database(store: Engine) -> None:
    added(store, "alice")
    session = signed_in(store)
    with store.begin() as connection:
        assert session not in str(connection.execute(text("SELECT * FROM sessions")).all())
    assert session not in repr(SignIn(store, CHEAP).sign_in("alice", PASSWORD, NOW))


def test_unused_it_ends_after_eight_hours(store: Engine) -> None:
    added(store, "alice")
    session = signed_in(store)
    assert Sessions(store).find(session, NOW + IDLE - SECOND)
    assert Sessions(store).find(session, NOW + 2 * IDLE - 2 * SECOND)
    refused(store, session, NOW + 3 * IDLE)
    refused(store, session, NOW + IDLE)  # over is over


def test_used_all_the_time_it_ends_after_a_week(store: Engine) -> None:
    added(store, "alice")
    session, now = signed_in(store), NOW
    while now < NOW + LIFETIME - HOUR:
        now += HOUR
        assert Sessions(store).find(session, now).expires <= NOW + LIFETIME
    refused(store, session, NOW + LIFETIME)


def test_every_request_within_a_minute_writes_nothing(store: Engine) -> None:
    added(store, "alice")
    session = signed_in(store)
    assert Sessions(store).find(session, NOW + MINUTE - SECOND).expires == NOW + IDLE
    assert Sessions(store).find(session, NOW + MINUTE).expires == NOW + MINUTE + IDLE


def test_signing_out_ends_this_one_and_no_other(store: Engine) -> None:
    added(store, "alice")
    one, other = signed_in(store), signed_in(store)
    Sessions(store).end(one)
    refused(store, one)
    assert Sessions(store).find(other, NOW)


def test_another_password_ends_all_of_that_account(store: Engine) -> None:
    for name in ("alice", "bob"):
        added(store, name)
    one, other, bobs = signed_in(store), signed_in(store), signed_in(store, "bob")
    Directory(store).set_password("alice", CHEAP.hash(PASSWORD))
    refused(store, one)
    refused(store, other)
    assert Sessions(store).find(bobs, NOW).name == "bob"


def test_disabling_ends_them_and_enabling_brings_none_back(store: Engine) -> None:
    added(store, "alice")
    session = signed_in(store)
    for disabled in (True, False):
        Directory(store).change("alice", lambda found, to=disabled: found.model_copy(update={"disabled": to}))
        refused(store, session)


def test_of_somebody_disabled_no_session_counts_however_it_came_to_be_there(store: Engine) -> None:
    added(store, "alice")
    session = signed_in(store)
    with store.begin() as connection:
        connection.execute(text("UPDATE accounts SET disabled = :yes"), {"yes": True})
    refused(store, session)


def test_removing_ends_them_for_whoever_has_the_name_next(store: Engine) -> None:
    added(store, "alice")
    session = signed_in(store)
    Directory(store).remove("alice")
    added(store, "alice", Role.ADMIN)
    refused(store, session)


def test_another_role_holds_at_once(store: Engine) -> None:
    added(store, "alice")
    session = signed_in(store)
    Directory(store).change("alice", lambda found: Account(name=found.name, role=Role.VIEWER))
    assert Sessions(store).find(session, NOW).scopes == Role.VIEWER.scopes


def test_those_that_are_over_are_forgotten(store: Engine) -> None:
    added(store, "alice")
    signed_in(store)
    signed_in(store, now=NOW + IDLE)
    with store.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar() == 1


def test_only_a_session_s_own_csrf_token_is_taken(store: Engine) -> None:
    added(store, "alice")
    one, other = (Sessions(store).find(signed_in(store), NOW) for _ in range(2))
    check_csrf(one, one.csrf.get_secret_value())
    for given in (None, "", "é", other.csrf.get_secret_value()):
        with pytest.raises(ForgedRequestError, match="load the page again"):
            check_csrf(one, given)
