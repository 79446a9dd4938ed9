"""Sessions: who has signed in, by a random id of which only a hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, or_, select

from flows.accounts.errors import ForgedRequestError, NotSignedInError
from flows.accounts.rows import account_of
from flows.accounts.schema import Account, Session, SignedIn
from flows.store import read, write
from flows.store.tables import accounts, sessions
from flows.store.times import read_time, stored

IDLE = timedelta(hours=8)
"""A session that nothing was heard of for so long is over."""
LIFETIME = timedelta(days=7)
"""So is one that is so old, whatever was heard of it."""
SEEN_STEP = timedelta(minutes=1)
"""How exact it is known when something was last heard: not every request needs to write."""

_OVER = "you are not signed in, or not any more; sign in"


class Sessions:
    """The sessions in one database. Raises UnavailableError where it fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, session: str, now: datetime) -> Session:
        """Who has this session. Raises NotSignedInError."""
        key = _hash(session)
        chosen = select(accounts, sessions.c.began, sessions.c.seen).join(accounts).where(sessions.c.hash == key)
        row = read(self._engine, lambda connection: connection.execute(chosen).mappings().one_or_none())
        if row is None or row["disabled"]:
            raise NotSignedInError(_OVER)
        began, seen = read_time(row["began"]), read_time(row["seen"])
        if now >= _ends(began, seen):
            self.end(session)
            raise NotSignedInError(_OVER)
        if now - seen >= SEEN_STEP:
            seen = now
            update = sessions.update().where(sessions.c.hash == key).values(seen=stored(now))
            write(self._engine, lambda connection: connection.execute(update))
        return _session(session, account_of(row), _ends(began, seen))

    def end(self, session: str) -> None:
        """End a session; of one that there is not, nothing is said."""
        delete = sessions.delete().where(sessions.c.hash == _hash(session))
        write(self._engine, lambda connection: connection.execute(delete))


def begin(connection: Connection, account: Account, now: datetime) -> SignedIn:
    """Begin a session of somebody who has just proven who they are, and forget all that are over."""
    late, old = stored(now - IDLE), stored(now - LIFETIME)
    connection.execute(sessions.delete().where(or_(sessions.c.seen <= late, sessions.c.began <= old)))
    fresh = secrets.token_urlsafe(32)
    at = stored(now)
    connection.execute(sessions.insert().values(hash=_hash(fresh), account=account.name, began=at, seen=at))
    return SignedIn(id=SecretStr(fresh), session=_session(fresh, account, _ends(now, now)))


def end_all(connection: Connection, account: str) -> None:
    """End all sessions of an account."""
    connection.execute(sessions.delete().where(sessions.c.account == account))


def check_csrf(session: Session, given: str | None) -> None:
    """Raises ForgedRequestError where what came with a request is not the session's CSRF token."""
    expected = session.csrf.get_secret_value().encode()
    if not hmac.compare_digest(expected, (given or "").encode(errors="replace")):
        raise ForgedRequestError("this request did not come from a page of yours; load the page again and repeat it")


def _session(text: str, account: Account, expires: datetime) -> Session:
    # Bound to the session without a column: only who has the id can derive it, and it does not give the id away.
    csrf = hmac.new(text.encode(), b"dockyard csrf", hashlib.sha256).hexdigest()
    return Session(account=account, scopes=account.role.scopes, csrf=SecretStr(csrf), expires=expires)


def _ends(began: datetime, seen: datetime) -> datetime:
    return min(began + LIFETIME, seen + IDLE)


def _hash(session: str) -> str:
    return hashlib.sha256(session.encode(errors="replace")).hexdigest()
