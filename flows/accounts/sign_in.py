"""Signing in by name and password: slow for who guesses, silent about who exists."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from math import ceil

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, select

from flows.accounts import sessions
from flows.accounts.errors import TooManyAttemptsError, WrongCredentialsError
from flows.accounts.passwords import Passwords
from flows.accounts.rows import find, keep_password
from flows.accounts.schema import SignedIn
from flows.people import person
from flows.store import read, write
from flows.store.tables import attempts
from flows.store.times import read_time, stored

FREE = 5
"""So many may fail before the next must wait."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
"""The wait doubles with every further failure: about a hundred guesses a day at a name."""
FORGOTTEN = timedelta(days=1)
"""Failures count until none was added for so long."""

_WRONG = "this name and password let nobody in; check both, or ask an admin whether the account is there and enabled"


class SignIn:
    """Checks names and passwords against one database, the failures of all replicas counted together."""

    def __init__(self, engine: Engine, passwords: Passwords) -> None:
        self._engine = engine
        self._passwords = passwords

    def sign_in(self, name: str, password: SecretStr, now: datetime) -> SignedIn:
        """Begin a session. Raises WrongCredentialsError, the same one whatever is wrong, and TooManyAttemptsError.

        An attempt is counted before it is judged: many at once are no way round the limit.
        """
        who = _person(name)
        key = hashlib.sha256((who or name).encode(errors="replace")).hexdigest()
        write(self._engine, lambda connection: _count(connection, key, now))
        found = read(self._engine, lambda connection: find(connection, who)) if who else None
        account, kept = found or (None, "")
        if not self._passwords.fits(kept, password) or account is None or account.disabled:
            raise WrongCredentialsError(_WRONG)
        fresh = self._passwords.hash(password) if self._passwords.is_stale(kept) else kept

        def begin(connection: Connection) -> SignedIn:
            # Who was disabled, or got another password, while this one was checked does not get in.
            if find(connection, who) != (account, kept):
                raise WrongCredentialsError(_WRONG)
            if fresh != kept:
                keep_password(connection, who, fresh)
            connection.execute(attempts.delete().where(attempts.c.name == key))
            return sessions.begin(connection, account, now)

        return write(self._engine, begin)


def wait_after(failures: int) -> timedelta:
    """How long after the last of so many failures nothing is tried."""
    if failures < FREE:
        return timedelta()
    return min(FIRST_WAIT * (1 << min(failures - FREE, 16)), LONGEST_WAIT)


def _count(connection: Connection, key: str, now: datetime) -> None:
    """Count an attempt as failed until it has succeeded. Raises TooManyAttemptsError, and then counts nothing."""
    connection.execute(attempts.delete().where(attempts.c.at <= stored(now - FORGOTTEN)))
    row = connection.execute(select(attempts).where(attempts.c.name == key)).mappings().one_or_none()
    if row is None:
        connection.execute(attempts.insert().values(name=key, count=1, at=stored(now)))
        return
    left = read_time(row["at"]) + wait_after(row["count"]) - now
    if left > timedelta():
        raise TooManyAttemptsError(ceil(left.total_seconds()))
    connection.execute(attempts.update().where(attempts.c.name == key).values(count=row["count"] + 1, at=stored(now)))


def _person(name: str) -> str:
    """The name as accounts have it, empty for one that none can have."""
    try:
        return person(name)
    except ValueError:  # refused as any unknown one, after the same work
        return ""
