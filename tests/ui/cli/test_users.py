"""People and tokens on the command line: who is there, what they may, and no password that others could see."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from flows.service.accounts import Accounts, NotSignedInError, Role, Scope, WrongCredentialsError
from flows.settings import settings
from tests.terminal import at_terminal
from ui.cli.errors import Exit
from ui.cli.main import app

pytestmark = pytest.mark.usefixtures("workspace")

PASSWORD = "correct horse battery"
OTHER = "another horse battery"


def command(*arguments: str, typed: str = "") -> Result:
    runner = CliRunner(env={"COLUMNS": "300", "NO_COLOR": "1", "TERM": "dumb"})
    return runner.invoke(app, arguments, input=typed)


def add(name: str, role: str, *more: str) -> None:
    done = command("users", "add", name, "--role", role, *more, typed=f"{PASSWORD}\n")
    assert (done.exit_code, done.stdout) == (0, ""), done.output


def refused(*arguments: str, typed: str = "", code: Exit = Exit.INVALID) -> str:
    done = command(*arguments, typed=typed)
    assert (done.exit_code, done.stdout) == (code, ""), done.output
    (line,) = done.stderr.splitlines()
    return line.removeprefix("dockyard: ")


def lets_in(name: str, password: str) -> bool:
    try:
        return bool(Accounts(settings()).sign_in(name, SecretStr(password)))
    except WrongCredentialsError:
        return False


def test_who_was_added_is_listed_and_gets_in() -> None:
    add("Zoe", "operator", "--group", "ops", "--group", "leads")
    add("alice", "admin", "--workspace", "blue")
    head, *rows = command("users", "list").stdout.splitlines()
    assert head.split() == ["Name", "Role", "Workspace", "State", "Groups"]
    assert [row.split(maxsplit=4) for row in rows] == [
        ["alice", "admin", "blue", "enabled", "-"],
        ["zoe", "operator", "default", "enabled", "leads, ops"],
    ]
    assert lets_in("zoe", PASSWORD)


def test_a_generated_password_is_the_only_thing_on_standard_output() -> None:
    printed = command("users", "add", "zoe", "--generate").stdout
    assert re.fullmatch(r"([a-z2-9]{6}-){3}[a-z2-9]{6}\n", printed)
    assert lets_in("zoe", printed.strip())


def test_at_a_terminal_the_password_is_asked_for_twice_and_not_shown(workspace: Path) -> None:
    answers = {"New password of zoe: ": PASSWORD, "Repeat for confirmation: ": PASSWORD}
    status, screen = at_terminal("users", "add", "zoe", answers=answers)
    assert status == 0, screen
    assert PASSWORD not in screen
    assert lets_in("zoe", PASSWORD)


@pytest.mark.parametrize(
    ("arguments", "typed", "reason"),
    [
        (("users", "add", "bob"), "", "give the password on standard input"),
        (("users", "add", "bob"), "short\n", "at least 12 characters"),
        (("users", "add", "bob", "--role", "king"), "", "--role is one of viewer, operator, approver, admin, not 'king'"),
        (("users", "add", "a b"), PASSWORD, "'a b' is no name"),
        (("users", "add", "prefect-ui"), PASSWORD, "stands for nobody"),
        (("users", "add", "bob", "--group", "a b"), PASSWORD, "a group's name has"),
        (("users", "add", "bob", "--workspace", "../x"), PASSWORD, "a workspace's name has"),
        (("users", "add", "ZOE"), PASSWORD, "there is an account 'zoe' already"),
        (("users", "set", "zoe"), "", "say what to change"),
        (("users", "set", "zoe", "--group", "a", "--no-groups"), "", "contradict"),
        (("users", "password", "bob"), PASSWORD, "there is no account 'bob'; `dockyard users list`"),
        (("tokens", "create", "ci", "--user", "zoe", "--scope", "all"), "", "--scope is one of agents:read, "),
        (("tokens", "create", "ci", "--user", "zoe", "--scope", "approvals:decide"), "", "zoe has the role operator"),
        (("tokens", "create", "ci", "--user", "bob", "--scope", "runs:read"), "", "there is no account 'bob'"),
        (("tokens", "revoke", "0123456789abcdef"), "", "there is no token '0123456789abcdef'"),
    ],
    ids=str,
)
def test_a_refusal_is_one_sentence_that_says_what_to_do(arguments: tuple[str, ...], typed: str, reason: str) -> None:
    add("zoe", "operator")
    assert reason in refused(*arguments, typed=typed)
    assert [account.name for account in Accounts(settings()).list()] == ["zoe"]


def test_set_replaces_what_it_is_told_and_nothing_else() -> None:
    add("zoe", "operator", "--group", "ops")
    assert command("users", "set", "zoe", "--role", "approver").stderr == "zoe: approver; groups: ops\n"
    assert command("users", "set", "zoe", "--group", "leads").stderr == "zoe: approver; groups: leads\n"
    assert command("users", "set", "zoe", "--no-groups").stderr == "zoe: approver; groups: none\n"
    assert lets_in("zoe", PASSWORD)


def test_disabled_nobody_gets_in_until_enabled() -> None:
    add("zoe", "operator")
    command("users", "disable", "zoe")
    assert not lets_in("zoe", PASSWORD)
    command("users", "enable", "zoe")
    assert lets_in("zoe", PASSWORD)


def test_the_only_admin_is_neither_disabled_nor_removed() -> None:
    add("alice", "admin")
    for act in ("disable", "remove"):
        assert "make somebody else one first" in refused("users", act, "alice", code=Exit.FAILED)
    add("bob", "admin")
    assert command("users", "remove", "alice").exit_code == 0
    assert [account.name for account in Accounts(settings()).list()] == ["bob"]


def test_another_password_ends_the_sessions() -> None:
    add("zoe", "operator")
    known = Accounts(settings())
    session = known.sign_in("zoe", SecretStr(PASSWORD)).id.get_secret_value()
    assert command("users", "password", "zoe", typed=f"{OTHER}\n").exit_code == 0
    with pytest.raises(NotSignedInError):
        known.person_of_session(session)
    assert (lets_in("zoe", PASSWORD), lets_in("zoe", OTHER)) == (False, True)


def test_a_token_is_printed_once_listed_without_its_secret_and_revoked() -> None:
    add("zoe", "operator")
    done = command("tokens", "create", "nightly ci", "--user", "zoe", "--scope", "runs:write", "--scope", "runs:read")
    text = done.stdout.strip()
    known = Accounts(settings())
    found = known.person_of_token(text)
    assert (found.name, found.account.role, found.scopes) == ("zoe", Role.OPERATOR, {Scope.RUNS_READ, Scope.RUNS_WRITE})
    _, row = command("tokens", "list", "--user", "zoe").stdout.splitlines()
    assert text.rsplit("_", 1)[1] not in row
    assert re.fullmatch(rf"{found.token}  zoe +valid +\S+ +[\d: -]+ UTC  nightly ci  runs:read, runs:write", row)
    assert command("tokens", "revoke", found.token).exit_code == 0
    with pytest.raises(NotSignedInError):
        known.person_of_token(text)
    assert command("tokens", "list").stdout.splitlines()[1].split()[2] == "revoked"


def test_who_signs_in_at_a_provider_alone_has_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    done = command("users", "add", "eve@example.org", "--no-password", typed=f"{PASSWORD}\n")
    assert (done.exit_code, done.stdout) == (0, "")
    assert not lets_in("eve@example.org", PASSWORD)
    assert "contradict" in refused("users", "add", "zoe", "--no-password", "--generate")


def test_an_admin_binds_somebody_to_who_they_are_at_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    add("alice", "viewer")
    assert "DOCKYARD_OIDC_ISSUER" in refused("users", "bind", "alice", "s-1")
    done = command("users", "bind", "Alice", "s-1", "--issuer", "https://id.example")
    assert (done.exit_code, done.stderr) == (0, "Alice is s-1 at https://id.example.\n")
    add("bob", "viewer")
    assert "is the account 'alice'" in refused("users", "bind", "bob", "s-1", "--issuer", "https://id.example")
    assert "there is no account" in refused("users", "bind", "carol", "s-1", "--issuer", "https://other.example")
    done = command("users", "unbind", "alice")
    assert (done.exit_code, done.stderr) == (0, "alice was s-1 at https://id.example.\n")
    assert command("users", "unbind", "alice").stderr == "alice was bound to nobody.\n"
