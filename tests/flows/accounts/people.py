"""People as the tests need them, and hashing that costs little."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from argon2 import PasswordHasher
from pydantic import SecretStr
from sqlalchemy import Engine

from flows.accounts import Account, Directory, Passwords, Role

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
PASSWORD = SecretStr("correct horse battery")
WRONG = SecretStr("wrong horse battery")


def added(store: Engine, name: str, role: Role = Role.OPERATOR, workspace: str = "default") -> Account:
    """Somebody whose password is PASSWORD."""
    return Directory(store).add(Account(name=name, role=role, workspace=workspace), CHEAP.hash(PASSWORD))
