"""The reconciler on a real Prefect server: what it proposes is what Prefect accepts, and a worker has one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import State as PrefectState
from prefect.states import Completed, Crashed, Running

from flows.approvals import Choice, Door, GateRequest, Ledger, State, single_user
from flows.service.approvals import Approvals
from flows.service.reconciler import Reconciler
from flows.settings import Settings, local_person
from tests.flows.approvals.asking import request_of
from tests.flows.service.waiting import suspended
from tests.integration.conftest import Workers, until
from tests.integration.worker_flows import three_steps

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

pytestmark = pytest.mark.prefect

MakeRun = Callable[[PrefectState], UUID]


@pytest.fixture
def make_run(prefect_client: SyncPrefectClient) -> MakeRun:
    """A function that makes a run of a deployment which no worker takes, and brings it into a state."""
    pool = prefect_client.create_work_pool(WorkPoolCreate(name=f"pool-{uuid4().hex[:8]}", type="process"))
    flow = prefect_client.create_flow(three_steps)
    deployment = prefect_client.create_deployment(flow, f"d-{uuid4().hex[:8]}", work_pool_name=pool.name)

    def make(state: PrefectState) -> UUID:
        run = prefect_client.create_flow_run_from_deployment(deployment).id
        for step in (Running(), state):
            prefect_client.set_flow_run_state(run, step, force=True)
        return run

    return make


def ask(ledger: Ledger, run: UUID) -> GateRequest:
    """Open a gate now that the local person may decide."""
    now = datetime.now(UTC)
    fresh = {"opened": now, "expires": now + timedelta(hours=1)}
    return ledger.request(request_of(single_user(local_person()), run=str(run)).model_copy(update=fresh))


def say(ledger: Ledger, gate: GateRequest, choice: Choice) -> None:
    """What the local person decides about it, while nobody looks."""
    me, now = local_person(), datetime.now(UTC)
    ledger.decide(gate.gate, me, choice, digest=gate.digest, door=Door.CLI, now=now, policy=single_user(me))


def state_of(client: SyncPrefectClient, run: UUID) -> str | None:
    """The name of the run's state."""
    state = client.read_flow_run(run).state
    return None if state is None else state.name


def test_a_decision_wakes_a_suspended_run_at_once(
    settings: Settings, ledger: Ledger, make_run: MakeRun, prefect_client: SyncPrefectClient
) -> None:
    run = make_run(suspended())
    gate = ask(ledger, run)
    approvals = Approvals(settings, say=pytest.fail)
    assert [found.id for found in approvals.mine()] == [gate.gate]
    after = approvals.decide(gate.gate[:8], Choice.APPROVE, note="fine", digest=gate.digest, door=Door.CLI)
    assert after.state is State.APPROVED
    assert state_of(prefect_client, run) == "Resuming"


def test_a_run_decided_about_while_nobody_looked_goes_on_once(
    settings: Settings, ledger: Ledger, make_run: MakeRun, prefect_client: SyncPrefectClient
) -> None:
    run = make_run(suspended())
    gate = ask(ledger, run)
    say(ledger, gate, Choice.REJECT)
    first, second = Reconciler(settings, prefect_client), Reconciler(settings, prefect_client)
    assert [len(first.once()), len(second.once()), len(first.once())] == [1, 0, 0]
    assert state_of(prefect_client, run) == "Resuming"


def test_a_crashed_run_with_an_open_gate_is_started_again(
    settings: Settings, ledger: Ledger, make_run: MakeRun, prefect_client: SyncPrefectClient
) -> None:
    run = make_run(Crashed())
    ask(ledger, run)
    assert len(Reconciler(settings, prefect_client).once()) == 1
    assert state_of(prefect_client, run) == "AwaitingRetry"


def test_the_gate_of_a_run_that_ended_is_closed(
    settings: Settings, ledger: Ledger, make_run: MakeRun, prefect_client: SyncPrefectClient
) -> None:
    gate = ask(ledger, make_run(Completed())).gate
    assert len(Reconciler(settings, prefect_client).once()) == 1
    assert ledger.gate(gate).state is State.SUPERSEDED


def test_a_worker_looks_by_itself_and_ends_as_fast_as_one_without(
    settings: Settings, ledger: Ledger, make_run: MakeRun, prefect_client: SyncPrefectClient, workers: Workers
) -> None:
    run = make_run(suspended())
    gate = ask(ledger, run)
    pool = prefect_client.create_work_pool(WorkPoolCreate(name=f"pool-{uuid4().hex[:8]}", type="dockyard")).name
    with workers.start(pool, f"w-{pool}", "--type", "dockyard", DOCKYARD_STATE_DIR=str(settings.state_dir)) as worker:
        say(ledger, gate, Choice.APPROVE)
        until(lambda: state_of(prefect_client, run) == "Resuming", "the run goes on", seconds=60)
        worker.process.terminate()
        assert worker.process.wait(10) == 0
        assert "goes on: Gate" in worker.log.read_text()
