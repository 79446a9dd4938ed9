"""Rows of `accounts` and what they say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from flows.accounts.schema import Account
from flows.store.tables import accounts


def find(connection: Connection, name: str) -> tuple[Account, str] | None:
    """An account and what is kept of its password."""
    row = connection.execute(select(accounts).where(accounts.c.name == name)).mappings().one_or_none()
    return None if row is None else (account_of(row), row["password"])


def account_of(row: Mapping[Any, Any]) -> Account:
    """The account in a row that has all columns of `accounts`."""
    columns = {key: row[key] for key in ("name", "role", "workspace", "disabled")}
    return Account.model_validate({**columns, "groups": tuple(json.loads(row["groups"]))})


def row_of(account: Account) -> dict[str, Any]:
    """The columns of `accounts`, but for the password."""
    return {**account.model_dump(mode="json"), "groups": json.dumps(account.groups)}


def keep_password(connection: Connection, name: str, kept: str) -> None:
    """Replace what is kept of a password, and nothing else."""
    connection.execute(accounts.update().where(accounts.c.name == name).values(password=kept))
