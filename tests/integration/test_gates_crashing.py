"""Whatever is killed between a request and its end: the change is written exactly once or not at all, and never lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

from flows.approvals import Choice, State, Step
from flows.reports import archive
from tests.flows.workspace.conftest import git
from tests.integration.conftest import Workers, until
from tests.integration.crashing_workflow import Point
from tests.integration.yard import SOON, SUSPENDED, Yard, configure, say, update, written

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

pytestmark = pytest.mark.prefect

SUSPENDING = (Point.BEFORE_SUSPENDED, Point.SUSPENDED)
WAITING = (Point.ASKED, Point.PAUSED, *SUSPENDING)
"""A run comes there only while nobody has decided."""


@pytest.mark.parametrize("point", [point for point in Point if point is not Point.PLANNED], ids=lambda point: point.name)
def test_a_run_that_is_killed_anywhere_ends_with_the_change_written_once(yard: Yard, tmp_path: Path, point: Point) -> None:
    repository, marker = yard.repository(), tmp_path / "killed"
    grace = "0" if point in SUSPENDING else "3600"
    env = {"CRASH_AT": point.value, "CRASH_ONCE": str(marker), "DOCKYARD_APPROVAL_GRACE": grace}
    run = yard.start_trapped(
        repository, update("fix"), say("tell", "{{ fix.output.applied.branch | default('') }}"), env=env
    )
    gate = yard.gate(run)
    assert written(repository, gate) == []
    if point in WAITING:
        until(lambda: marker.exists() or None, "it was killed", seconds=SOON)
    yard.decide(gate)
    assert yard.ends_well(run) == "Completed"
    assert marker.exists()
    after = yard.ledger.gate(gate.id)
    assert after.apply.step is Step.APPLIED
    assert written(repository, gate) == [after.apply.commit]
    assert yard.statuses(run) == {"fix": "completed", "tell": "completed"}
    assert yard.ledger.verify() is None


def test_a_run_that_is_killed_before_anybody_was_asked_does_nothing(yard: Yard, tmp_path: Path) -> None:
    repository, marker = yard.repository(), tmp_path / "killed"
    run = yard.start_trapped(repository, update("fix"), env={"CRASH_AT": Point.PLANNED.value, "CRASH_ONCE": str(marker)})
    assert yard.reaches(run, "Crashed") == "Crashed"
    assert yard.ledger.gates(run=str(run), open_only=False) == ()
    assert git(repository, "branch", "--list", "dockyard/*") == ""


def test_a_no_is_not_lost_either(yard: Yard, tmp_path: Path) -> None:
    repository, marker = yard.repository(), tmp_path / "killed"
    env = {"CRASH_AT": Point.DECIDED.value, "CRASH_ONCE": str(marker), "DOCKYARD_APPROVAL_GRACE": "3600"}
    run = yard.start_trapped(repository, update("fix"), env=env)
    gate = yard.gate(run)
    yard.decide(gate, choice=Choice.REJECT)
    assert yard.ends_well(run) == "Rejected"
    assert marker.exists()
    assert written(repository, gate) == []


def test_a_suspended_run_holds_no_process_and_runs_nothing_twice(yard: Yard, tmp_path: Path) -> None:
    repository = yard.repository()
    nodes = (
        say("first"),
        update("one"),
        update("two", "express", "4.18.2"),
        say("last", "{{ one.status }} {{ two.status }}"),
    )
    run = yard.start(repository, *nodes, env=SUSPENDED)
    one, two = sorted(yard.gates(run, 2), key=lambda gate: gate.request.node)
    yard.reaches(run, "Suspended")
    began = yard.client.read_flow_run(run).run_count
    # Each decision starts it again, and it goes back to wait for the other: in any order, nothing twice.
    yard.decide(two)
    until(lambda: yard.ledger.gate(two.id).apply.step is Step.APPLIED or None, "the second is written", seconds=SOON)
    yard.reaches(run, "Suspended")
    assert yard.ledger.gate(one.id).state is State.OPEN
    yard.decide(one)
    assert yard.ends_well(run) == "Completed"
    assert yard.client.read_flow_run(run).run_count > began
    assert len(written(repository, one)) == len(written(repository, two)) == 1
    names = {yard.ledger.gate(gate.id).apply.commit for gate in (one, two)}
    assert len(names) == 2

    def executed() -> list[str] | None:
        done = [name for name, state in yard.task_states(run) if state == "Completed"]
        return done if "last" in done and len({*done}) == 6 else None

    # Task runs come to the server as events, a little later.
    tasks = until(executed, "all tasks are told", seconds=SOON)
    assert sorted(tasks) == ["first", "last", "one", "one (apply)", "two", "two (apply)"]


def test_what_failed_before_the_run_was_suspended_stays_failed_and_is_not_run_again(yard: Yard) -> None:
    repository = yard.repository()
    missing = {"file": "package.json", "path": ["nowhere", 7, "deep"], "value": 1}
    nodes = (
        configure("bad", missing, on_error="continue", retries={"max": 1, "delay": "100ms"}),
        update("one"),
        update("two", "express", "4.18.2"),
        say("last", "{{ one.status }} {{ two.status }} {{ bad.status }}"),
    )
    run = yard.start(repository, *nodes, env=SUSPENDED)
    one, two = sorted(yard.gates(run, 2), key=lambda gate: gate.request.node)
    for gate in (one, two):  # entered again twice: what is known of the failure must outlive both
        yard.reaches(run, "Suspended")
        yard.decide(gate)
        until(lambda: yard.ledger.gate(gate.id).apply.step is Step.APPLIED or None, "it is written", seconds=SOON)  # noqa: B023
    assert yard.ends_well(run) == "Completed"
    assert yard.client.read_flow_run(run).run_count == 3
    assert yard.statuses(run) == {"bad": "failed", "one": "completed", "two": "completed", "last": "completed"}
    only = FlowRunFilter(id=FlowRunFilterId(any_=[run]))
    bad = [task for task in yard.client.read_task_runs(flow_run_filter=only) if task.name == "bad"]
    assert [(task.state_name, task.run_count) for task in bad] == [("Failed", 2)]
    last = next(node for node in archive.load(run).nodes if node.node == "last")
    assert (last.report or {})["text"] == "completed completed failed"


def test_a_decision_while_no_worker_lives_counts_when_one_comes(
    workers: Workers, prefect_client: SyncPrefectClient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    yard = Yard.make(prefect_client, tmp_path_factory.mktemp("lonely"), "lonely")
    repository = yard.repository()
    with workers.start("lonely", "first", "--type", "dockyard", **yard.environment) as process:
        run = yard.start(repository, update("fix"), env=SUSPENDED)
        gate = yard.gate(run)
        yard.reaches(run, "Suspended")
        process.process.kill()
        process.process.wait()
    yard.decide(gate)
    assert yard.state(run) == "Suspended"
    with workers.start("lonely", "second", "--type", "dockyard", **yard.environment):
        assert yard.ends_well(run) == "Completed"
    assert len(written(repository, gate)) == 1
