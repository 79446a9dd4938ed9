"""A ledger with gates of runs, and as much of Prefect's client as looks at those runs and starts them again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas import OrchestrationResult
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.responses import SetStateStatus, StateAcceptDetails, StateRejectDetails
from prefect.exceptions import ObjectNotFound
from prefect.states import Suspended

from flows.approvals import Choice, Door, GateRequest, Ledger, Policy, single_user
from tests.flows.approvals.asking import OPENED, request_of

POLICY = single_user("zoe")
MINUTE = timedelta(minutes=1)


class Clock:
    """A time that only tests move on."""

    def __init__(self) -> None:
        self.now = OPENED + MINUTE

    def __call__(self) -> datetime:
        return self.now


class Prefect(SyncPrefectClient):
    """Prefect's client over runs in memory; whoever sets a state that `refuses` is answered REJECT, as a server does."""

    def __init__(self) -> None:
        self.runs: dict[UUID, FlowRun] = {}
        self.crashes = 1
        self.refuses = False
        self.asked = 0

    def add(self, state: State[Any], run_id: UUID | None = None, *, deployed: bool = True) -> UUID:
        """A run in that state."""
        run = FlowRun(
            id=run_id or uuid4(),
            name="brave-tern",
            flow_id=uuid4(),
            deployment_id=uuid4() if deployed else None,
            state=type(state).model_validate({**state.model_dump(), "id": uuid4()}),
            state_type=state.type,
        )
        self.runs[run.id] = run
        return run.id

    def read_flow_runs(self, *, flow_run_filter: FlowRunFilter | None = None, **_: Any) -> list[FlowRun]:
        self.asked += 1
        assert flow_run_filter is not None
        assert flow_run_filter.id is not None
        return [self.runs[run] for run in flow_run_filter.id.any_ or [] if run in self.runs]

    def read_flow_run(self, flow_run_id: UUID) -> FlowRun:
        if flow_run_id not in self.runs:
            raise ObjectNotFound(http_exc=ValueError())
        return self.runs[flow_run_id]

    def read_flow_run_states(self, flow_run_id: UUID) -> list[State[Any]]:
        state = self.runs[flow_run_id].state
        return [] if state is None else [state] * self.crashes

    def set_flow_run_state(
        self, flow_run_id: UUID | str, state: State[Any], force: bool = False
    ) -> OrchestrationResult[Any]:
        assert not force
        if self.refuses:
            return OrchestrationResult(state=state, status=SetStateStatus.REJECT, details=StateRejectDetails(reason="no"))
        self.add(state, UUID(str(flow_run_id)))
        return OrchestrationResult(state=state, status=SetStateStatus.ACCEPT, details=StateAcceptDetails())

    def state_of(self, run: UUID) -> str | None:
        """The name of a run's state."""
        state = self.runs[run].state
        return None if state is None else state.name


def ask(ledger: Ledger, run: UUID, node: str = "fix", policy: Policy = POLICY) -> GateRequest:
    """Open a gate of that run."""
    return ledger.request(request_of(policy, run=str(run), node=node))


def say(ledger: Ledger, request: GateRequest, choice: Choice = Choice.APPROVE, at: datetime = OPENED + MINUTE) -> None:
    """Decide about it, which closes it."""
    ledger.decide(request.gate, "zoe", choice, digest=request.digest, door=Door.CLI, now=at, policy=POLICY)


def suspended(handled: int = 0) -> State[Any]:
    """As `Pauses` suspends a run that has acted on so many gates."""
    return Suspended(timeout_seconds=9000, pause_key=f"dockyard-{handled}-0123456789ab")


def at(moment: datetime, state: State[Any]) -> State[Any]:
    """That state as it was set then."""
    return type(state).model_validate({**state.model_dump(), "timestamp": moment})
