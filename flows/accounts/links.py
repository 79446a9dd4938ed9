"""Links in notifications: signed, once, for a time. One names a gate and a person; it lets nobody in."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from pydantic import AwareDatetime, ValidationError
from sqlalchemy import Connection, Engine, select

from flows.accounts.errors import ForeignLinkError, LinkError, LinkExpiredError, LinkUsedError
from flows.accounts.schema import Link
from flows.accounts.sealing import Sealer
from flows.errors import InvalidInputError
from flows.people import person
from flows.store import write
from flows.store.tables import links
from flows.store.times import stored

LONGEST = timedelta(days=30)
_KEY = "links"
_MAX_TOKEN = 2048
_NO_LINK = "this is no link of this hub; sign in and look under Approvals"


class _Sent(Link):
    """What is signed; `id` makes it different from every other."""

    id: str
    expires: AwareDatetime


class Links:
    """Makes links and opens them, on any replica that shares the database. Raises UnavailableError where it fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sealer = Sealer(engine, _KEY, _MAX_TOKEN)

    def make(self, gate: str, who: str, *, now: datetime, expires: datetime) -> str:
        """A link's token, fit for a URL; it ends when `expires` says, and after LONGEST in any case.

        Raises InvalidInputError for a name that cannot be, or a time that is over.
        """
        if expires <= now:
            raise InvalidInputError(f"a link that expired at {expires:%Y-%m-%d %H:%M} would lead nowhere; give a later time")
        try:
            sent = _Sent(gate=gate, person=person(who), id=secrets.token_urlsafe(16), expires=min(expires, now + LONGEST))
        except ValueError as error:
            raise InvalidInputError(f"no link can be sent to '{who}': {error}") from error
        return self._sealer.seal(sent.model_dump_json().encode())

    def open(self, token: str, who: str, now: datetime) -> Link:
        """Where a link leads, the first time the person it was sent to asks, whichever replica is asked.

        Raises LinkUsedError for the second time, LinkExpiredError, ForeignLinkError where `who` is somebody else, for whom
        nothing is used up, LinkError for what was not signed here.
        """
        sent = self._read(token)
        if now >= sent.expires:
            raise LinkExpiredError(
                f"this link has expired; sign in and look for gate {sent.gate[:8]} under Approvals", gate=sent.gate
            )
        if sent.person != who:
            raise ForeignLinkError(
                f"this link was sent to somebody else than {who}; look for gate {sent.gate[:8]} under Approvals",
                gate=sent.gate,
            )

        def work(connection: Connection) -> None:
            connection.execute(links.delete().where(links.c.expires <= stored(now)))
            if connection.execute(select(links.c.id).where(links.c.id == sent.id)).one_or_none() is not None:
                raise LinkUsedError(
                    f"this link opens once, and it was opened; sign in and look for gate {sent.gate[:8]} under Approvals",
                    gate=sent.gate,
                )
            connection.execute(links.insert().values(id=sent.id, opened=stored(now), expires=stored(sent.expires)))

        write(self._engine, work)
        return Link(gate=sent.gate, person=sent.person)

    def _read(self, token: str) -> _Sent:
        payload = self._sealer.open(token)
        if payload is None:
            raise LinkError(_NO_LINK)
        try:
            return _Sent.model_validate_json(payload)
        except ValidationError as error:  # signed by another version
            raise LinkError(_NO_LINK) from error
