"""The page about accounts says what the code does: scopes with their roles, tables with their columns, numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.accounts import Role, Scope, links, passwords, pending, sessions, sign_in, tokens
from flows.service.accounts import TOKEN_LIFETIME
from flows.store import tables

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "accounts.md").read_text()
TABLES = (
    tables.workspaces,
    tables.accounts,
    tables.attempts,
    tables.sessions,
    tables.tokens,
    tables.links,
    tables.signing_keys,
    tables.identities,
    tables.used_states,
)
PROSE = " ".join(PAGE.split())


def test_the_scopes_are_those_of_the_code_with_their_roles() -> None:
    rows = re.findall(r"^\| `(\w+:\w+)` \| `(\w+)` \|", PAGE, re.MULTILINE)
    assert [(Scope(scope), Role(role)) for scope, role in rows] == [(scope, scope.role) for scope in Scope]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_is_named(table: tables.Table) -> None:
    (row,) = re.findall(rf"^\| `{table.name}` \| (.*) \|$", PAGE, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", row)) == set(table.columns.keys())


@pytest.mark.parametrize(
    "said",
    [
        f"{passwords.MIN_LENGTH} to {passwords.MAX_LENGTH} characters",
        f"After {sign_in.FREE} failures",
        f"must wait {sign_in.FIRST_WAIT.seconds} seconds",
        f"up to {sign_in.LONGEST_WAIT.seconds // 60} minutes",
        f"ends {sessions.IDLE.seconds // 3600} hours after it was last used, {sessions.LIFETIME.days} days after it began",
        f"{TOKEN_LIFETIME.days} days unless said otherwise, at most {tokens.LONGEST.days}",
        f"comes back within {pending.LIFETIME.seconds // 60} minutes",
        f"within at most {links.LONGEST.days} days",
        f"`{tokens.PREFIX}_<id>_<secret>`",
    ],
)
def test_the_numbers_are_those_of_the_code(said: str) -> None:
    assert said in PROSE
