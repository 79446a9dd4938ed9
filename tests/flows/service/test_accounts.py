"""People as doors meet them: the first start, names that stand for nobody, workspaces, and no secret in any log."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import URL

from flows.approvals import PREFECT_UI
from flows.errors import InvalidInputError
from flows.execution.origin import NOBODY
from flows.service.accounts import (
    AccountExistsError,
    Accounts,
    Link,
    LinkUsedError,
    NotSignedInError,
    PasswordError,
    Role,
    Scope,
    UnknownAccountError,
    UnknownTokenError,
)
from flows.settings import Settings, local_person
from tests.flows.accounts.people import CHEAP, PASSWORD
from tests.flows.processes import at_once


def hub(database: URL) -> Accounts:
    url = SecretStr(database.render_as_string(hide_password=False))
    return Accounts(Settings(database_url=url), passwords=CHEAP)


def start(database: URL) -> str | None:
    made = hub(database).first_admin()
    return None if made is None else made.password.get_secret_value()


def test_the_first_start_makes_one_admin_whoever_starts_at_the_same_moment(database: URL) -> None:
    passwords = [given for given in at_once(start, [database] * 5) if given is not None]
    assert len(passwords) == 1
    known = hub(database)
    (admin,) = known.list()
    assert (admin.name, admin.role) == (local_person(), Role.ADMIN)
    assert known.sign_in(admin.name, SecretStr(passwords[0])).session.account == admin
    assert known.first_admin() is None


def test_where_there_is_anybody_no_admin_is_made(database: URL) -> None:
    known = hub(database)
    known.add("zoe", Role.VIEWER)
    assert known.first_admin() is None
    assert [account.name for account in known.list()] == ["zoe"]


@pytest.mark.parametrize("name", [PREFECT_UI, NOBODY, NOBODY.upper(), "", "a b", "a\u202eb", "x" * 129])
def test_no_account_has_a_name_that_stands_for_nobody_or_deceives(database: URL, name: str) -> None:
    known = hub(database)
    with pytest.raises(InvalidInputError):
        known.add(name, Role.VIEWER)
    assert known.list() == ()


def test_a_weak_password_makes_no_account(database: URL) -> None:
    known = hub(database)
    with pytest.raises(PasswordError):
        known.add("zoe", Role.VIEWER, password=SecretStr("short"))
    assert known.list() == ()


def test_a_session_and_a_token_of_the_same_person(database: URL) -> None:
    known = hub(database)
    known.add("zoe", Role.APPROVER, password=PASSWORD)
    session = known.sign_in("ZOE", PASSWORD)
    found = known.person_of_session(session.id.get_secret_value())
    known.check_csrf(found, session.session.csrf.get_secret_value())
    token = known.make_token("Zoe", "ci", [Scope.RUNS_READ])
    assert known.person_of_token(token.text.get_secret_value()).account == found.account
    known.sign_out(session.id.get_secret_value())
    with pytest.raises(NotSignedInError):
        known.person_of_session(session.id.get_secret_value())
    assert known.person_of_token(token.text.get_secret_value()).scopes == {Scope.RUNS_READ}


def test_a_change_keeps_what_it_is_not_told(database: URL) -> None:
    known = hub(database)
    known.add("zoe", Role.OPERATOR, groups=["ops"], workspace="blue")
    known.disable("zoe")
    changed = known.change("Zoe", role=Role.VIEWER)
    assert (changed.role, changed.groups, changed.workspace, changed.disabled) == (Role.VIEWER, ("ops",), "blue", True)
    assert known.get("zoe") == changed
    assert known.change("zoe", groups=[]).groups == ()


def test_an_admin_of_one_workspace_reaches_nobody_of_another(database: URL) -> None:
    known = hub(database)
    known.add("zoe", Role.OPERATOR, workspace="blue")
    token = known.make_token("zoe", "ci", [Scope.RUNS_READ], within="blue").token
    for act in (known.get, known.enable, known.disable, known.remove, known.tokens, known.change):
        with pytest.raises(UnknownAccountError):
            act("zoe", within="default")
    with pytest.raises(UnknownAccountError):
        known.set_password("zoe", PASSWORD, within="default")
    with pytest.raises(UnknownAccountError):
        known.make_token("zoe", "ci", [Scope.RUNS_READ], within="default")
    with pytest.raises(UnknownTokenError):
        known.revoke_token(token.id, within="default")
    assert (known.list("default"), known.tokens(within="default")) == ((), ())
    assert known.tokens("zoe", within="blue") == (token,)


def test_the_same_name_in_another_workspace_is_taken_for_the_ledger_s_sake(database: URL) -> None:
    known = hub(database)
    known.add("zoe", Role.OPERATOR, workspace="blue")
    with pytest.raises(AccountExistsError):
        known.add("zoe", Role.OPERATOR, workspace="green")


@pytest.mark.parametrize("lifetime", [timedelta(), timedelta(days=-1), timedelta(days=367), timedelta.max])
def test_a_token_lasts_a_time_that_can_be(database: URL, lifetime: timedelta) -> None:
    known = hub(database)
    known.add("zoe", Role.OPERATOR)
    with pytest.raises(InvalidInputError, match="within 366 days"):
        known.make_token("zoe", "ci", [Scope.RUNS_READ], lifetime=lifetime)


def test_a_link_leads_somewhere_once_and_signs_nobody_in(database: URL) -> None:
    known = hub(database)
    known.add("zoe", Role.APPROVER)
    token = known.make_link("0f1d4d0c", "Zoe", datetime.now(UTC) + timedelta(hours=1))
    assert known.open_link(token, "zoe") == Link(gate="0f1d4d0c", person="zoe")
    for door in (known.person_of_session, known.person_of_token):
        with pytest.raises(NotSignedInError):
            door(token)
    with pytest.raises(LinkUsedError):
        hub(database).open_link(token, "zoe")


def test_no_log_at_any_level_holds_a_secret(database: URL, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    known = hub(database)
    account = known.add("zoe", Role.OPERATOR, password=PASSWORD)
    signed_in = known.sign_in("zoe", PASSWORD)
    token = known.make_token("zoe", "ci", [Scope.RUNS_READ])
    shown = f"{caplog.text}{account!r}{signed_in!r}{token!r}"
    for secret in (PASSWORD, signed_in.id, signed_in.session.csrf, token.text):
        assert secret.get_secret_value() not in shown
