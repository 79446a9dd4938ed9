"""Tells people of gates: what the ledger's rows say, by the channels of the policy, once each, whoever else does so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from httpx import HTTPError
from sqlalchemy import Engine

from flows.accounts import Links
from flows.approvals import Gate, Kind, Ledger, Mark, Policy, TamperedError, UnknownGateError, policy_for
from flows.approvals.gate import News
from flows.approvals.telling import deciders, matters, tellings
from flows.errors import UnavailableError
from flows.execution.origin import NOBODY
from flows.service.message import MOST_LINKS, message
from flows.settings import Settings, local_person
from flows.store import Delivery, claim, finish, is_made, open_store, plan, position, read, waiting, write

if TYPE_CHECKING:
    from prefect.blocks.abstract import NotificationBlock

WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 4, 15, 60, 240))
"""How long after an attempt that is not known to have succeeded comes the next; after the last of them, none."""
MOST_ATTEMPTS = len(WAITS) + 1
STALE = timedelta(days=1)
"""An end that is longer ago is told to nobody, such as when `notify` is written into a policy for the first time."""

_AT_ONCE = 50
"""Messages of one look; those that are left come with the next."""


def _now() -> datetime:
    return datetime.now(UTC)


class Notifier:
    """Sends messages about gates. Any number of these may be at work at once, on one machine or several.

    Every method raises UnavailableError where Prefect or the database does not answer and PolicyError or InvalidInputError
    for a policy that cannot be read; what is left undone then is done by the next look.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        warn: Callable[[str], None],
        saved: Callable[[str], NotificationBlock] | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        """`warn` is told of each message that was not delivered, and what to do; `saved` gives a block by its name.

        By default the blocks are those that are saved in Prefect.
        """
        self._settings = settings
        self._warn = warn
        self._saved = saved
        self._clock = clock
        self._mark: Mark | None = None
        self._blocks: dict[str, NotificationBlock] = {}

    def once(self) -> tuple[str, ...]:
        """Send all that is due now; says what was sent. Costs two queries while nothing is."""
        if not is_made(self._settings):
            return ()
        mark = self._ledger.mark()
        if mark is not None and mark != self._mark:
            self._plan(mark, self._clock())
            self._mark = mark
        self._blocks.clear()  # somebody may have saved another one under the same name
        return tuple(self._send_all())

    @cached_property
    def _engine(self) -> Engine:
        return open_store(self._settings)

    @cached_property
    def _ledger(self) -> Ledger:
        return Ledger(self._engine)

    def _plan(self, mark: Mark, now: datetime) -> None:
        """Note what is to be sent for the ledger's rows up to that one."""
        policy = policy_for(self._settings, local_person())
        if not policy.notify:
            return
        since = read(self._engine, position)
        rows = [row for row in self._ledger.news(since) if row.seq <= mark.seq]
        wanted = [delivery for row in rows for delivery in self._wanted(row, policy, now)]
        write(self._engine, lambda connection: plan(connection, wanted, since=since, until=mark.seq, now=now))

    def _wanted(self, row: News, policy: Policy, now: datetime) -> Iterator[Delivery]:
        gate, ended = self._sound(row.gate), row.kind is Kind.CLOSED
        if gate is None or not matters(gate, row.kind):
            return
        if ended and (now - row.at > STALE or gate.request.requester == NOBODY):
            return
        for telling in tellings(gate, row.kind, policy):
            if ended or deciders(gate, telling.to, now):
                yield Delivery(gate=gate.id, kind=row.kind.value, recipient=telling.to, channel=telling.channel)

    def _send_all(self) -> Iterator[str]:
        now = self._clock()
        for delivery in read(self._engine, lambda connection: waiting(connection, now, MOST_ATTEMPTS, _AT_ONCE)):
            gate, kind = self._sound(delivery.gate), Kind(delivery.kind)
            if gate is None or not matters(gate, kind):
                self._finish(delivery)
            elif said := self._send(gate, kind, delivery):
                yield said

    def _send(self, gate: Gate, kind: Kind, delivery: Delivery) -> str:
        """Send one message, unless another process does; what was sent, or nothing."""
        from blocks.notification import NotDeliveredError, send

        block: NotificationBlock | NotDeliveredError
        try:
            block = self._block(delivery.channel)  # first: an attempt counts only where Prefect answers
        except NotDeliveredError as error:
            block = error
        now = self._clock()
        left = WAITS[delivery.attempts :]
        again = now + (left[0] if left else WAITS[-1])
        if not write(self._engine, lambda connection: claim(connection, delivery, again)):
            return ""
        what = f"{delivery.recipient} of gate {gate.id[:8]} ({kind.value}) by {delivery.channel}"
        try:
            if isinstance(block, NotDeliveredError):
                raise block
            told = message(gate, kind, self._links(gate, kind, delivery.recipient, now), self._address(gate))
            send(block, delivery.channel, told.body, told.subject)
        except NotDeliveredError as error:
            then = f"it is tried again at {again:%H:%M %Z}" if left else "it is not tried again"
            self._warn(f"Could not tell {what}, {then}: {error}.")
            return ""
        self._finish(delivery)
        return f"Told {what}."

    def _block(self, channel: str) -> NotificationBlock:
        from blocks.notification import saved_notification_block

        if channel not in self._blocks:
            try:
                self._blocks[channel] = (self._saved or saved_notification_block)(channel)
            except HTTPError as error:
                raise UnavailableError(f"the Prefect server, which keeps the block {channel}, does not answer") from error
        return self._blocks[channel]

    def _links(self, gate: Gate, kind: Kind, to: str, now: datetime) -> dict[str, str]:
        """A link of their own for each who may decide; none where there are too many."""
        page, people = self._settings.page_url, deciders(gate, to, now)
        if page is None or kind is Kind.CLOSED or len(people) > MOST_LINKS or now >= gate.request.expires:
            return {}
        links, expires = Links(self._engine), gate.request.expires
        return {who: f"{page}/links/{links.make(gate.id, who, now=now, expires=expires)}" for who in people}

    def _address(self, gate: Gate) -> str | None:
        return None if self._settings.page_url is None else f"{self._settings.page_url}/gates/{gate.id}"

    def _finish(self, delivery: Delivery) -> None:
        write(self._engine, lambda connection: finish(connection, delivery, self._clock()))

    def _sound(self, gate: str) -> Gate | None:
        """The gate; None where it was changed, of which the reconciler tells."""
        try:
            return self._ledger.gate(gate)
        except (TamperedError, UnknownGateError):
            return None
