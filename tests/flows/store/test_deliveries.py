"""A message is planned by one process and claimed by one, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import URL, Engine

from flows.store import Delivery, claim, finish, plan, position, read, waiting, write
from flows.store.engine import open_url
from tests.flows.processes import at_once

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
ONE = Delivery(gate="g1", kind="requested", recipient="user:zoe", channel="slack-webhook/zoe")
TWO = ONE.model_copy(update={"recipient": "user:ann"})


def planned(store: Engine, *deliveries: Delivery, since: int = 0, until: int = 1) -> bool:
    return write(store, lambda connection: plan(connection, deliveries, since=since, until=until, now=NOW))


def due(store: Engine, now: datetime = NOW, most: int = 3, limit: int = 10) -> tuple[Delivery, ...]:
    return read(store, lambda connection: waiting(connection, now, most, limit))


def claim_it(url: URL) -> bool:
    return write(open_url(url), lambda connection: claim(connection, ONE, LATER))


def plan_it(url: URL) -> bool:
    return planned(open_url(url), ONE)


def test_what_is_planned_is_due_at_once(store: Engine) -> None:
    assert read(store, position) == 0
    assert planned(store, ONE, TWO, ONE, until=7)
    assert read(store, position) == 7
    assert {*due(store)} == {ONE, TWO}
    assert len(due(store, limit=1)) == 1


def test_who_planned_from_an_older_place_was_too_late(store: Engine) -> None:
    assert planned(store, ONE)
    assert not planned(store, TWO)
    assert due(store) == (ONE,)


def test_what_is_claimed_is_due_again_later_until_it_was_tried_often_enough(store: Engine) -> None:
    planned(store, ONE)
    assert write(store, lambda connection: claim(connection, ONE, LATER))
    assert due(store) == ()
    (again,) = due(store, LATER)
    assert again.attempts == 1
    assert due(store, LATER, most=1) == ()


def test_what_is_finished_is_never_due(store: Engine) -> None:
    planned(store, ONE)
    write(store, lambda connection: finish(connection, ONE, NOW))
    assert due(store, LATER) == ()
    assert not write(store, lambda connection: claim(connection, ONE, LATER))


def test_one_of_several_processes_plans_and_one_claims(database: URL, store: Engine) -> None:
    assert sorted(at_once(plan_it, [database] * 4)) == [False, False, False, True]
    assert sorted(at_once(claim_it, [database] * 4)) == [False, False, False, True]
    assert due(store) == ()
