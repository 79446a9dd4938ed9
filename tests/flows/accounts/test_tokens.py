"""Tokens act for a person, within what was given and what the person's role has now."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, Engine, text

from flows.accounts import (
    Account,
    Directory,
    MadeToken,
    NotSignedInError,
    Role,
    Scope,
    ScopeError,
    Token,
    Tokens,
    UnknownAccountError,
    UnknownTokenError,
)
from flows.accounts.tokens import LONGEST
from flows.errors import InvalidInputError
from flows.store.engine import open_url
from tests.flows.accounts.people import DAY, MINUTE, NOW, SECOND, added

READ = (Scope.RUNS_READ,)


def made(store: Engine, scopes: tuple[Scope, ...] = READ, name: str = "alice", expires: datetime = NOW + DAY) -> MadeToken:
    return Tokens(store).make(name, "ci", scopes, now=NOW, expires=expires)


def refused(store: Engine, text: str, now: datetime = NOW) -> None:
    with pytest.raises(NotSignedInError, match="unknown, expired or revoked"):
        Tokens(store).find(text, now)


def test_it_acts_for_its_owner_with_its_scopes_alone(store: Engine) -> None:
    account = added(store, "alice")
    fresh = made(store)
    found = Tokens(store).find(fresh.text.get_secret_value(), NOW)
    assert (found.account, found.scopes, found.token) == (account, frozenset(READ), fresh.token.id)


def test_its_text_is_shown_once_and_kept_nowhere(store: Engine) -> None:
    added(store, "alice")
    fresh = made(store)
    shown = fresh.text.get_secret_value()
    assert re.fullmatch(r"dy_[0-9a-f]{16}_[A-Za-z0-9_-]{43}", shown)
    secret = shown.split("_", 2)[2]
    with store.begin() as connection:
        assert secret not in str(connection.execute(text("SELECT * FROM tokens")).all())
    assert secret not in f"{fresh!r}{Tokens(store).list()}"


def test_as_json_its_scopes_stand_in_one_order_and_the_secret_is_hidden(store: Engine) -> None:
    added(store, "alice", Role.ADMIN)
    fresh = made(store, tuple(Scope))
    assert fresh.token.model_dump(mode="json")["scopes"] == sorted(Scope)
    assert Token.model_validate_json(fresh.token.model_dump_json()) == fresh.token
    assert fresh.text.get_secret_value() not in fresh.model_dump_json()


def test_a_wrong_secret_or_no_token_at_all_is_nobody(store: Engine) -> None:
    added(store, "alice")
    one, other = (made(store).text.get_secret_value() for _ in range(2))
    mixed = "_".join([*one.split("_", 2)[:2], other.split("_", 2)[2]])
    for wrong in (mixed, one[:-1], f"{one}x", f" {one}", one.upper(), "", "dy_", "\ud800", "x" * 100_000):
        refused(store, wrong)


def test_it_ends_at_its_time(store: Engine) -> None:
    added(store, "alice")
    shown = made(store).text.get_secret_value()
    assert Tokens(store).find(shown, NOW + DAY - SECOND)
    refused(store, shown, NOW + DAY)


@pytest.mark.parametrize("expires", [NOW, NOW - DAY, NOW + LONGEST + SECOND])
def test_refuses_one_that_has_expired_or_lasts_too_long(store: Engine, expires: datetime) -> None:
    added(store, "alice")
    with pytest.raises(InvalidInputError, match="within 366 days"):
        made(store, expires=expires)


def test_revoked_it_is_refused_and_still_listed(store: Engine) -> None:
    added(store, "alice")
    fresh = made(store)
    revoked = Tokens(store).revoke(fresh.token.id, NOW + MINUTE)
    refused(store, fresh.text.get_secret_value(), NOW + MINUTE)
    assert Tokens(store).list("alice") == (revoked,)
    assert Tokens(store).revoke(fresh.token.id, NOW + DAY).revoked == NOW + MINUTE


def test_nobody_revokes_what_is_not_theirs_to_see(store: Engine) -> None:
    added(store, "alice")
    token = made(store).token.id
    for asked in ({"account": "bob"}, {"within": "blue"}):
        with pytest.raises(UnknownTokenError, match="there is no token"):
            Tokens(store).revoke(token, NOW, **asked)
    for wrong in ("", "x", "\0", "\ud800"):
        with pytest.raises(UnknownTokenError):
            Tokens(store).revoke(wrong, NOW)
    assert Tokens(store).list(within="blue") == Tokens(store).list("bob") == ()
    assert [found.revoked for found in Tokens(store).list("alice", "default")] == [None]


def test_it_is_known_when_it_was_last_used_to_the_minute(store: Engine) -> None:
    added(store, "alice")
    shown = made(store).text.get_secret_value()
    uses = []
    for now in (NOW + SECOND, NOW + MINUTE, NOW + MINUTE + SECOND):
        Tokens(store).find(shown, now)
        uses += [token.used for token in Tokens(store).list()]
    assert uses == [NOW + SECOND, NOW + SECOND, NOW + MINUTE + SECOND]


def test_of_somebody_disabled_none_is_made_or_taken(store: Engine) -> None:
    added(store, "alice")
    shown = made(store).text.get_secret_value()
    Directory(store).change("alice", lambda account: account.model_copy(update={"disabled": True}))
    refused(store, shown)
    with pytest.raises(UnknownAccountError, match="no enabled account 'alice'"):
        made(store)


def test_refuses_what_the_role_has_not_and_one_that_may_nothing(store: Engine) -> None:
    added(store, "alice", Role.OPERATOR)
    with pytest.raises(ScopeError, match="alice has the role operator, which may not accounts:write, approvals:decide"):
        made(store, (Scope.RUNS_READ, Scope.APPROVALS_DECIDE, Scope.ACCOUNTS_WRITE))
    with pytest.raises(ScopeError, match="at least one"):
        made(store, ())
    assert Tokens(store).list() == ()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder: Path = tmp_path_factory.mktemp("tokens")
    return open_url(URL.create("sqlite", database=str(folder / "test.db")))


NAMES = count()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(Role), st.frozensets(st.sampled_from(Scope), min_size=1), st.sampled_from(Role))
def test_no_token_ever_has_more_than_its_owner_s_role(
    shared: Engine, role: Role, wanted: frozenset[Scope], later: Role
) -> None:
    name = f"p{next(NAMES)}"
    directory = Directory(shared)
    for who, what in (("admin-of-" + name, Role.ADMIN), (name, role)):
        directory.add(Account(name=who, role=what))
    try:
        fresh = made(shared, tuple(wanted), name)
    except ScopeError:
        assert not wanted <= role.scopes
        return
    assert wanted <= role.scopes
    directory.change(name, lambda account: account.model_copy(update={"role": later}))
    assert Tokens(shared).find(fresh.text.get_secret_value(), NOW).scopes == wanted & later.scopes
