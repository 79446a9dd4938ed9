"""A run whose process and worker were both killed is marked as Crashed, and goes on by itself with another worker."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.schemas.automations import EventTrigger

from flows.service.deployments import FLOW_NAME
from flows.service.lost_runs import AUTOMATION, ensure_lost_runs_are_told
from flows.settings import Settings
from tests.integration.conftest import Workers, until
from tests.integration.yard import SUSPENDED, Yard, branches, update

pytestmark = pytest.mark.prefect

LOST = 150.0
"""Seconds within which a run is found to be lost: two heartbeats, and a server with much else to do."""


def forget(client: SyncPrefectClient) -> None:
    for found in client.read_automations_by_name(AUTOMATION):
        client.delete_automation(found.id)


def test_the_automation_is_made_once_and_stays_as_people_want_it(prefect_client: SyncPrefectClient) -> None:
    forget(prefect_client)
    ensure_lost_runs_are_told(prefect_client, Settings(), FLOW_NAME)
    (made,) = prefect_client.read_automations_by_name(AUTOMATION)
    assert isinstance(made.trigger, EventTrigger)
    assert made.trigger.within.total_seconds() == Settings().lost_after
    prefect_client.pause_automation(made.id)
    ensure_lost_runs_are_told(prefect_client, Settings(lost_after=200), FLOW_NAME)
    (found,) = prefect_client.read_automations_by_name(AUTOMATION)
    assert not found.enabled
    assert found.id == made.id
    forget(prefect_client)


def test_a_run_that_lost_its_process_and_its_worker_goes_on_to_the_end_and_one_that_sleeps_sleeps_on(
    prefect_client: SyncPrefectClient, workers: Workers, tmp_path: Path
) -> None:
    forget(prefect_client)
    yard = Yard.make(prefect_client, tmp_path, "lost")
    ensure_lost_runs_are_told(prefect_client, Settings(lost_after=45), FLOW_NAME)
    try:
        repository = yard.repository()
        with workers.start("lost", "lost-first", "--type", "dockyard", **yard.environment) as first:
            asleep = yard.start(yard.repository(), update("fix"), env=SUSPENDED)
            assert yard.reaches(asleep, "Suspended") == "Suspended"
            run = yard.start(repository, update("fix"))
            gate = yard.gate(run)
            assert yard.reaches(run, "Paused") == "Paused"
            kill_with_children(first.process.pid)
        with workers.start("lost", "lost-second", "--type", "dockyard", **yard.environment):
            until(lambda: "Crashed" in names(prefect_client, run), "the run is known to be lost", seconds=LOST)
            assert "Crashed" not in names(prefect_client, asleep), "it has no process to lose"
            yard.decide(gate)
            assert yard.ends_well(run) == "Completed"
        assert len(branches(repository)) == 1
    finally:
        forget(prefect_client)


def names(client: SyncPrefectClient, run: object) -> list[str]:
    """The names of the states that the run has had."""
    return [str(state.name) for state in client.read_flow_run_states(run)]  # type: ignore[arg-type]


def kill_with_children(pid: int) -> None:
    """SIGKILL to a worker, its forkserver and every process that they forked, whatever session these have made."""
    family = [pid]
    for member in family:
        for tasks in Path(f"/proc/{member}/task").glob("*/children"):
            family += [int(child) for child in tasks.read_text().split()]
    for member in family:
        os.kill(member, signal.SIGKILL)
