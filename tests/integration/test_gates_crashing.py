"""Whatever is killed between a request and its end: the change is written exactly once or not at all, and never lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from flows.approvals import Choice, Gate, Ledger, State, Step
from flows.execution.origin import DOOR, REQUESTER
from flows.service import deployments as deploying
from flows.settings import Settings
from flows.store import Via, open_store
from tests.integration.conftest import WorkerProcess, Workers, until
from tests.integration.crashing_workflow import Point
from tests.integration.test_gates import POLICY, SOON, Yard, git, say, update

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

pytestmark = pytest.mark.prefect

POOL = "crashing"
SUSPENDING = (Point.BEFORE_SUSPENDED, Point.SUSPENDED)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the worker and its runs are given."""
    folder = tmp_path_factory.mktemp("crashing")
    policy = folder / "policy.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    return {
        "DOCKYARD_STATE_DIR": str(folder / "state"),
        "DOCKYARD_POLICY_FILE": str(policy),
        "PYTHONPATH": str(Path(__file__).parent.parent.parent),
    }


@pytest.fixture(scope="module")
def yard(prefect_client: SyncPrefectClient, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Yard:
    """The ledger and the pool; no worker."""
    state, policy = Path(environment["DOCKYARD_STATE_DIR"]), Path(environment["DOCKYARD_POLICY_FILE"])
    config = Settings(state_dir=state, work_pool=POOL, policy_file=policy)
    deploying.ensure_pool(prefect_client, config)
    return Yard(prefect_client, config, policy, Ledger(open_store(config)), tmp_path_factory.mktemp("repositories"))


@pytest.fixture(scope="module")
def worker(workers: Workers, yard: Yard, environment: dict[str, str]) -> Iterator[WorkerProcess]:
    """A worker of our type, and with it the reconciler."""
    with workers.start(POOL, "crashing", "--type", "dockyard", **environment) as process:
        yield process


def start(yard: Yard, repository: Path, *nodes: dict[str, object], **env: str) -> UUID:
    """A run of the flow with a trap."""
    deployment = yard.client.create_deployment(
        flow_id=yard.client.create_flow_from_name("dockyard"),
        name="crashing",
        work_pool_name=POOL,
        entrypoint="tests.integration.crashing_workflow.run_workflow",
        parameter_openapi_schema={"type": "object", "properties": {}},
        enforce_parameter_schema=False,
    )
    text = json.dumps({"name": "crashing", "nodes": list(nodes)})
    parameters = {"workflow": text, "repository": str(repository), "runtime": "local"}
    variables = {"env": env}
    labels = {REQUESTER: "root", DOOR: Via.CLI.value}
    return yard.client.create_flow_run_from_deployment(
        deployment, parameters=parameters, job_variables=variables, labels={**labels}
    ).id


def written(repository: Path, gate: Gate) -> list[str]:
    """The commits that the gate's change has, on whatever branch."""
    return git(repository, "log", "--all", "--format=%H", f"--grep={gate.id}").splitlines()


@pytest.mark.parametrize("point", [point for point in Point if point is not Point.PLANNED], ids=lambda point: point.name)
def test_a_run_that_is_killed_anywhere_ends_with_the_change_written_once(
    yard: Yard, worker: WorkerProcess, tmp_path: Path, point: Point
) -> None:
    repository, marker = yard.repository(), tmp_path / "killed"
    grace = "0" if point in SUSPENDING else "3600"
    env = {"CRASH_AT": point.value, "CRASH_ONCE": str(marker), "DOCKYARD_APPROVAL_GRACE": grace}
    run = start(yard, repository, update("fix"), say("tell", "{{ fix.output.applied.branch | default('') }}"), **env)
    gate = yard.gate(run)
    assert written(repository, gate) == []
    if point in SUSPENDING:
        until(lambda: marker.exists() or None, "it was killed", seconds=SOON)
    yard.decide(gate)
    assert yard.ends_well(run) == "Completed"
    assert marker.exists()
    after = yard.ledger.gate(gate.id)
    assert after.apply.step is Step.APPLIED
    assert written(repository, gate) == [after.apply.commit]
    assert yard.statuses(run) == {"fix": "completed", "tell": "completed"}
    assert yard.ledger.verify() is None


def test_a_run_that_is_killed_before_anybody_was_asked_does_nothing(
    yard: Yard, worker: WorkerProcess, tmp_path: Path
) -> None:
    repository, marker = yard.repository(), tmp_path / "killed"
    run = start(yard, repository, update("fix"), CRASH_AT=Point.PLANNED.value, CRASH_ONCE=str(marker))
    assert yard.reaches(run, "Crashed") == "Crashed"
    assert yard.ledger.gates(run=str(run), open_only=False) == ()
    assert git(repository, "branch", "--list", "dockyard/*") == ""


def test_a_no_is_not_lost_either(yard: Yard, worker: WorkerProcess, tmp_path: Path) -> None:
    repository, marker = yard.repository(), tmp_path / "killed"
    env = {"CRASH_AT": Point.DECIDED.value, "CRASH_ONCE": str(marker), "DOCKYARD_APPROVAL_GRACE": "3600"}
    run = start(yard, repository, update("fix"), **env)
    gate = yard.gate(run)
    yard.decide(gate, choice=Choice.REJECT)
    assert yard.ends_well(run) == "Rejected"
    assert marker.exists()
    assert written(repository, gate) == []


def test_a_suspended_run_holds_no_process_and_runs_nothing_twice(yard: Yard, worker: WorkerProcess, tmp_path: Path) -> None:
    repository = yard.repository()
    nodes = (
        say("first"),
        update("one"),
        update("two", "express", "4.18.2"),
        say("last", "{{ one.status }} {{ two.status }}"),
    )
    run = start(yard, repository, *nodes, DOCKYARD_APPROVAL_GRACE="0")
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


def test_a_decision_while_no_worker_lives_counts_when_one_comes(
    yard: Yard, workers: Workers, environment: dict[str, str]
) -> None:
    repository = yard.repository()
    with workers.start(POOL, "first", "--type", "dockyard", **environment) as process:
        run = start(yard, repository, update("fix"), DOCKYARD_APPROVAL_GRACE="0")
        gate = yard.gate(run)
        yard.reaches(run, "Suspended")
        process.process.kill()
        process.process.wait()
    yard.decide(gate)
    assert yard.state(run) == "Suspended"
    with workers.start(POOL, "second", "--type", "dockyard", **environment):
        assert yard.ends_well(run) == "Completed"
    assert len(written(repository, gate)) == 1
