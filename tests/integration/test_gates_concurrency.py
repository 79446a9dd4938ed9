"""Runs that are limited in number and wait for people: no slot is held for days, and no more go on than may."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

from flows.execution.concurrency import limit_name
from tests.integration.conftest import until
from tests.integration.yard import SOON, SUSPENDED, Yard, say, update, written

pytestmark = pytest.mark.prefect

NODES = (update("fix"), say("tell", "{{ fix.output.applied.branch | default('') }}"))


def taken(yard: Yard, limit: str) -> int:
    """How many slots of a limit are held."""
    return yard.client.read_global_concurrency_limit_by_name(limit).active_slots


def worked(yard: Yard, run: UUID, after: str) -> tuple[datetime, datetime]:
    """From when to when the run's tasks ran, from the one named `after` on."""
    only = FlowRunFilter(id=FlowRunFilterId(any_=[run]))

    def told() -> list[tuple[datetime, datetime]] | None:
        tasks = {
            task.name: task for task in yard.client.read_task_runs(flow_run_filter=only) if task.state_name == "Completed"
        }
        times = [(task.start_time, task.end_time) for name, task in tasks.items() if name in (after, "tell")]
        return [(start, end) for start, end in times if start and end] if len(times) == 2 else None

    times = until(told, "the tasks are told", seconds=SOON)
    return min(start for start, _ in times), max(end for _, end in times)


def test_a_suspended_run_gives_its_slot_away_and_waits_for_one_when_it_goes_on(yard: Yard) -> None:
    limit = limit_name("gated", None)
    one = {"concurrency": {"max": 1}}
    first_in, second_in = yard.repository(), yard.repository()
    first = yard.start(first_in, *NODES, env=SUSPENDED, **one)
    yard.reaches(first, "Suspended")
    until(lambda: taken(yard, limit) == 0 or None, "no slot is held", seconds=SOON)
    second = yard.start(second_in, *NODES, **one)  # waits in its process, and holds the slot as long as it has one
    yard.reaches(second, "Paused")
    assert taken(yard, limit) == 1
    before, after = yard.gate(first), yard.gate(second)
    yard.decide(before)
    yard.reaches(first, "Running")
    assert taken(yard, limit) == 1
    assert written(first_in, before) == []
    yard.decide(after)
    assert [yard.ends(run) for run in (second, first)] == ["Completed"] * 2
    assert (len(written(first_in, before)), len(written(second_in, after))) == (1, 1)
    assert worked(yard, second, "fix (apply)")[1] <= worked(yard, first, "fix (apply)")[0]
    until(lambda: taken(yard, limit) == 0 or None, "every slot is given back", seconds=SOON)


def test_a_run_that_people_approved_is_not_cancelled_for_want_of_a_slot(yard: Yard) -> None:
    limited = {"concurrency": {"max": 1, "on_limit": "cancel"}}
    first_in, second_in = yard.repository(), yard.repository()
    first = yard.start_deployed(first_in, "sole", *NODES, grace=0, **limited)
    yard.reaches(first, "Suspended")
    second = yard.start_deployed(second_in, "sole", *NODES, grace=3600, **limited)
    one, two = yard.gate(first), yard.gate(second)
    yard.decide(one)
    yard.reaches(first, "Running", "Cancelled")
    assert yard.state(first) == "Running"
    third = yard.start_deployed(yard.repository(), "sole", *NODES, grace=0, **limited)
    assert yard.ends(third) == "Cancelled"
    assert "this run is one too many" in yard.message(third)
    assert written(first_in, one) == []
    yard.decide(two)
    assert (yard.ends(second), yard.ends(first)) == ("Completed", "Completed")
    assert (len(written(first_in, one)), len(written(second_in, two))) == (1, 1)
    assert worked(yard, second, "fix (apply)")[1] <= worked(yard, first, "fix (apply)")[0]


def test_the_limit_of_a_deployment_lets_another_run_begin_while_one_is_suspended(yard: Yard) -> None:
    limited = {"concurrency": {"max": 1}}
    first_in, second_in = yard.repository(), yard.repository()
    first = yard.start_deployed(first_in, "queued", *NODES, grace=0, **limited)
    yard.reaches(first, "Suspended")
    second = yard.start_deployed(second_in, "queued", *NODES, grace=3600, **limited)
    one, two = yard.gate(first), yard.gate(second)
    yard.decide(one)
    yard.reaches(first, "AwaitingConcurrencySlot")
    assert yard.state(second) == "Running"  # it is not shown as paused: Prefect would take its slot away
    assert written(first_in, one) == []
    yard.decide(two)
    assert (yard.ends(second), yard.ends(first)) == ("Completed", "Completed")
    assert (len(written(first_in, one)), len(written(second_in, two))) == (1, 1)
    assert worked(yard, second, "fix (apply)")[1] <= worked(yard, first, "fix (apply)")[0]
