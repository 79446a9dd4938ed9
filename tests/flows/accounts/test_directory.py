"""Accounts are added once, seen by their own workspace only, and never all without an admin."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from flows.accounts import Account, AccountExistsError, Directory, LastAdminError, Role, UnknownAccountError
from tests.flows.accounts.people import added


def test_an_account_is_what_was_added(store: Engine) -> None:
    account = Account(name="Zoë", role=Role.VIEWER, groups=("ops", "leads", "ops"), workspace="blue")
    assert Directory(store).add(account) == account
    assert Directory(store).get("zoë") == account
    assert account.groups == ("leads", "ops")


def test_a_name_is_taken_once_however_it_is_written(store: Engine) -> None:
    added(store, "alice")
    with pytest.raises(AccountExistsError, match="'alice' already"):
        added(store, "ALICE", workspace="blue")


def test_other_workspaces_are_as_if_they_were_not_there(store: Engine) -> None:
    alice, bob = added(store, "alice"), added(store, "bob", workspace="blue")
    directory = Directory(store)
    assert directory.list() == (alice, bob)
    assert directory.list(within="blue") == (bob,)
    with pytest.raises(UnknownAccountError) as unknown:
        directory.get("carol", within="blue")
    for act in (
        lambda: directory.get("alice", within="blue"),
        lambda: directory.remove("alice", within="blue"),
        lambda: directory.set_password("alice", "x", within="blue"),
        lambda: directory.change("alice", lambda account: account, within="blue"),
    ):
        with pytest.raises(UnknownAccountError) as hidden:
            act()
        assert str(hidden.value) == str(unknown.value).replace("carol", "alice")
    assert directory.get("alice") == alice


@pytest.mark.parametrize("change", [{"role": Role.OPERATOR}, {"disabled": True}, None], ids=str)
def test_the_only_admin_of_a_workspace_stays_one(store: Engine, change: dict[str, object] | None) -> None:
    added(store, "alice", Role.ADMIN)
    added(store, "bob", Role.ADMIN, workspace="blue")
    directory = Directory(store)

    def leave() -> None:
        if change is None:
            directory.remove("alice")
        else:
            directory.change("alice", lambda account: account.model_copy(update=change))

    with pytest.raises(LastAdminError, match="only admin of the workspace 'default'"):
        leave()
    added(store, "carol", Role.ADMIN)
    leave()
    assert [
        account.name for account in directory.list("default") if account.role is Role.ADMIN and not account.disabled
    ] == ["carol"]


def test_a_disabled_admin_is_none(store: Engine) -> None:
    added(store, "alice", Role.ADMIN)
    added(store, "bob", Role.ADMIN)
    directory = Directory(store)
    directory.change("bob", lambda account: account.model_copy(update={"disabled": True}))
    with pytest.raises(LastAdminError):
        directory.remove("alice")
    directory.remove("bob")
    assert [account.name for account in directory.list()] == ["alice"]
