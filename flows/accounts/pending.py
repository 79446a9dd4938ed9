"""Sign-ins that are under way at an identity provider: the browser carries each, sealed, and it comes back once."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from pydantic import AwareDatetime, ValidationError
from sqlalchemy import Connection, Engine, select

from flows.accounts.errors import StaleSignInError
from flows.accounts.schema import PendingSignIn
from flows.accounts.sealing import Sealer
from flows.store import write
from flows.store.tables import used_states
from flows.store.times import stored

LIFETIME = timedelta(minutes=10)
"""Time to sign in at the provider, a second factor included."""
LONGEST_COOKIE = 3800
"""Characters; browsers keep a cookie of 4096 bytes with its name."""

_KEY = "sign-ins"
_STALE = "this sign-in took too long, was done already, or began in another window; begin it again"


class _Sealed(PendingSignIn):
    expires: AwareDatetime


class PendingSignIns:
    """Seals sign-ins and takes them back, on any replica that shares the database.

    Raises UnavailableError where that fails.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sealer = Sealer(engine, _KEY, LONGEST_COOKIE)

    def seal(self, pending: PendingSignIn, now: datetime) -> str:
        """What the browser keeps meanwhile, for a cookie that no script reads."""
        sealed = _Sealed(**pending.model_dump(), expires=now + LIFETIME)
        return self._sealer.seal(sealed.model_dump_json().encode())

    def redeem(self, sealed: str, state: str, now: datetime) -> PendingSignIn:
        """The sign-in that the browser has begun, if `state` is what it was sent with. It is used up by that.

        Raises StaleSignInError, also for the second time.
        """
        payload = self._sealer.open(sealed)
        try:
            found = _Sealed.model_validate_json(payload or b"")
        except ValidationError as error:  # nothing of ours, or of another version
            raise StaleSignInError(_STALE) from error
        if now >= found.expires or not hmac.compare_digest(found.state.encode(), state.encode(errors="replace")):
            raise StaleSignInError(_STALE)
        key = hashlib.sha256(state.encode()).hexdigest()

        def work(connection: Connection) -> None:
            connection.execute(used_states.delete().where(used_states.c.expires <= stored(now)))
            if connection.execute(select(used_states.c.hash).where(used_states.c.hash == key)).one_or_none() is not None:
                raise StaleSignInError(_STALE)
            connection.execute(used_states.insert().values(hash=key, expires=stored(found.expires)))

        write(self._engine, work)
        return PendingSignIn.model_validate(found.model_dump(exclude={"expires"}))
