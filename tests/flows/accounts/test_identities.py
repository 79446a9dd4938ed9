"""Who is vouched for gets the account that is theirs, and never one that is somebody else's."""

from __future__ import annotations

import pytest
from sqlalchemy import URL, Engine

from flows.accounts import (
    Account,
    AccountError,
    Directory,
    DisabledAccountError,
    ExternalIdentity,
    ForeignIdentityError,
    Identities,
    IdentityBoundError,
    LastAdminError,
    NotSignedInError,
    Role,
    Sessions,
    UnknownAccountError,
    UnknownPersonError,
    Vouched,
)
from flows.accounts.sessions import IDLE, LIFETIME
from flows.store.engine import open_url
from tests.flows.accounts.people import HOUR, NOW, SECOND, added
from tests.flows.processes import at_once

ISSUER = "https://id.example"


def who(subject: str = "s-1", issuer: str = ISSUER) -> ExternalIdentity:
    return ExternalIdentity(issuer=issuer, subject=subject)


def vouched(subject: str = "s-1", name: str | None = "alice", **more: object) -> Vouched:
    return Vouched.model_validate({"identity": who(subject), "name": name, "unnamed": "no name", **more})


def come(asked: tuple[URL, str]) -> str:
    url, subject = asked
    try:
        return Identities(open_url(url)).sign_in(vouched(subject), NOW).session.name
    except AccountError as error:
        return type(error).__name__


def test_the_first_sign_in_binds_and_the_binding_counts_from_then_on(store: Engine) -> None:
    account, bob = added(store, "alice"), added(store, "bob")
    identities = Identities(store)
    assert identities.sign_in(vouched(), NOW).session.account == account
    for name in ("bob", None, "nobody"):
        assert identities.sign_in(vouched(name=name), NOW).session.account == account
    (bound,) = identities.of("alice")
    assert (bound.identity, bound.account, bound.bound) == (who(), "alice", NOW)
    assert identities.of(bob.name) == ()


def test_a_name_that_somebody_else_got_opens_nothing(store: Engine) -> None:
    added(store, "alice")
    identities = Identities(store)
    identities.sign_in(vouched(), NOW)
    with pytest.raises(ForeignIdentityError, match="dockyard users unbind alice"):
        identities.sign_in(vouched("s-2"), NOW)
    assert [bound.identity.subject for bound in identities.of("alice")] == ["s-1"]


def test_of_many_who_claim_one_name_at_once_one_gets_it(store: Engine, database: URL) -> None:
    added(store, "alice")
    answers = at_once(come, [(database, f"s-{number}") for number in range(4)])
    assert sorted(answers) == ["ForeignIdentityError"] * 3 + ["alice"]


def test_who_is_not_known_is_refused_and_leaves_nothing_behind(store: Engine) -> None:
    identities = Identities(store)
    with pytest.raises(UnknownPersonError, match="nobody has an account 'alice' here"):
        identities.sign_in(vouched(), NOW)
    with pytest.raises(UnknownPersonError, match="no name"):
        identities.sign_in(vouched(name=None), NOW)
    assert (Directory(store).list(), identities.of("alice")) == ((), ())


def test_who_may_join_gets_an_account_of_that_role(store: Engine) -> None:
    identities = Identities(store)
    made = identities.sign_in(vouched(joins_as=Role.OPERATOR, groups=("crew",)), NOW).session.account
    assert made == Account(name="alice", role=Role.OPERATOR, groups=("crew",))
    assert Directory(store).list() == (made,)
    again = identities.sign_in(vouched(joins_as=Role.ADMIN), NOW).session.account
    assert again.role is Role.OPERATOR  # that was for the beginning


def test_a_disabled_account_is_refused_bound_or_not(store: Engine) -> None:
    added(store, "alice")
    directory, identities = Directory(store), Identities(store)
    directory.change("alice", lambda account: account.model_copy(update={"disabled": True}))
    with pytest.raises(DisabledAccountError):
        identities.sign_in(vouched(), NOW)
    assert identities.of("alice") == ()
    identities.bind("alice", who(), NOW)
    with pytest.raises(DisabledAccountError):
        identities.sign_in(vouched(role=Role.ADMIN), NOW)
    assert directory.get("alice").role is Role.OPERATOR


def test_role_and_groups_are_what_the_provider_says_where_it_says_any(store: Engine) -> None:
    added(store, "alice")
    identities = Identities(store)
    first = identities.sign_in(vouched(role=Role.APPROVER, groups=("b", "a")), NOW).session
    assert (first.account.role, first.account.groups, first.scopes) == (Role.APPROVER, ("a", "b"), Role.APPROVER.scopes)
    assert identities.sign_in(vouched(), NOW).session.account == first.account
    assert Directory(store).get("alice") == first.account


def test_the_only_admin_is_neither_made_less_nor_let_in(store: Engine) -> None:
    added(store, "alice", Role.ADMIN)
    identities = Identities(store)
    with pytest.raises(LastAdminError):
        identities.sign_in(vouched(role=Role.VIEWER), NOW)
    assert (Directory(store).get("alice").role, identities.of("alice")) == (Role.ADMIN, ())


def test_the_session_lives_as_any_other(store: Engine) -> None:
    added(store, "alice")
    signed = Identities(store).sign_in(vouched(), NOW)
    assert signed.session.expires == NOW + min(IDLE, LIFETIME)
    sessions = Sessions(store)
    assert sessions.find(signed.id.get_secret_value(), NOW + HOUR).name == "alice"
    with pytest.raises(NotSignedInError):
        sessions.find(signed.id.get_secret_value(), NOW + HOUR + IDLE + SECOND)


def test_an_admin_binds_and_frees(store: Engine) -> None:
    added(store, "alice")
    added(store, "bob")
    identities = Identities(store)
    identities.bind("alice", who(), NOW)
    with pytest.raises(IdentityBoundError, match="is the account 'alice'"):
        identities.bind("bob", who(), NOW)
    with pytest.raises(IdentityBoundError, match="'alice' is bound to another identity"):
        identities.bind("alice", who("s-2"), NOW)
    with pytest.raises(UnknownAccountError):
        identities.bind("carol", who("s-3"), NOW)
    identities.bind("alice", who("s-1", "https://other.example"), NOW)
    signed = identities.sign_in(vouched(name=None), NOW)
    assert identities.unbind("alice") == 2
    with pytest.raises(NotSignedInError):
        Sessions(store).find(signed.id.get_secret_value(), NOW)
    identities.bind("bob", who(), NOW)
    assert identities.sign_in(vouched(), NOW).session.name == "bob"


def test_a_binding_goes_with_its_account(store: Engine) -> None:
    added(store, "alice")
    identities = Identities(store)
    identities.sign_in(vouched(), NOW)
    Directory(store).remove("alice")
    with pytest.raises(UnknownPersonError):
        identities.sign_in(vouched(), NOW)
    assert identities.of("alice") == ()


@pytest.mark.parametrize("subject", ["", "x" * 256, "a\nb", "a\u202eb"])
def test_a_subject_that_could_not_be_read_cannot_be(subject: str) -> None:
    with pytest.raises(ValueError, match="subject"):
        who(subject)
