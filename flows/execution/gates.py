"""Steps that need people: asked between plan and effect, waited for without a slot, done once enough said yes.

An agent that changes something runs first, in its sandbox: what it plans is what people are asked about, and the hub
writes it after their yes. Any other agent whose node has an `approval` starts only after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from prefect import get_run_logger
from pydantic import JsonValue

from agents.catalog import catalog
from agents.contract.manifest import Risk
from flows.approvals import (
    PREFECT_UI,
    Answer,
    Closing,
    DecisionRefusedError,
    Door,
    Gate,
    GateRequest,
    Ledger,
    Policy,
    expiry,
    gate_id,
    requirement,
    risk_of,
)
from flows.definition.status import NodeStatus
from flows.execution.changes import Changes, files_of, subject_of
from flows.execution.driver import Clock
from flows.execution.pauses import Pauses
from flows.execution.scheduler import Outcome, Step
from flows.execution.tasks import Tasks
from flows.reports.schema import NodeReport
from flows.store import Origin

_ENDS = {
    Closing.REJECTED: NodeStatus.REJECTED,
    Closing.EXPIRED: NodeStatus.EXPIRED,
    Closing.SUPERSEDED: NodeStatus.FAILED,
}


@dataclass
class _Waiting:
    """A step that waits for people. `gate` is None until they have been asked."""

    step: Step
    done: Callable[[Outcome], None]
    planned: NodeReport | None = None
    gate: Gate | None = None


@dataclass
class Gates:
    """Runs the steps of one run; implements `driver.Steps`. The driver's thread alone talks to the ledger."""

    origin: Origin
    workflow: str
    why: str
    tasks: Tasks
    changes: Changes
    ledger: Ledger
    policy: Policy
    pauses: Pauses
    clock: Clock
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _handled: int = 0

    @property
    def waiting(self) -> int:
        """How many steps wait for people."""
        return len(self._waiting)

    def known(self, key: str) -> bool:
        """Whether the step of that key has ended in an earlier entry."""
        return self.tasks.known(key)

    def submit(self, step: Step, done: Callable[[Outcome], None], parked: Callable[[], None]) -> None:
        """Start `step`, or ask first."""
        if catalog()[step.node.agent or ""].risk is Risk.APPROVAL_REQUIRED:
            self.tasks.submit(step, partial(self._planned, step, done, parked))
        elif step.node.approval is not None:
            self._wait(_Waiting(step, done), parked)
        else:
            self.tasks.submit(step, done)

    def _planned(self, step: Step, done: Callable[[Outcome], None], parked: Callable[[], None], outcome: Outcome) -> None:
        planned = self.tasks.reports.get(step.name)
        if not outcome.status.ok or planned is None or not self.changes.changes(planned):
            done(outcome)  # there is nothing to approve
            return
        self._wait(_Waiting(step, done, planned), parked)

    def _wait(self, waiting: _Waiting, parked: Callable[[], None]) -> None:
        self._waiting[waiting.step.name] = waiting
        parked()

    def look(self, *, busy: bool) -> None:
        """Ask, act on what was decided, and let the run rest where nothing else goes on. May raise Prefect's Pause."""
        resumed = self.pauses.resumed()
        for waiting in [waiting for waiting in self._waiting.values() if waiting.gate is None]:
            waiting.gate = self._ask(waiting)
        if resumed or not self.pauses.looked:
            self._take_answers()
        self.ledger.keep_time(datetime.now(UTC), self.policy)
        found = {gate.request.gate: gate for gate in self.ledger.gates(run=self.origin.run, open_only=False)}
        for waiting in list(self._waiting.values()):
            gate = found[waiting.gate.request.gate] if waiting.gate else None
            left, reason = self.clock.left(waiting.step)
            if gate is not None and gate.closed is not None:
                self._act(waiting, gate)
            elif gate is not None and left <= 0:
                self._act(waiting, self.ledger.supersede(gate.request.gate, reason, datetime.now(UTC)))
        self._rest(busy=busy or self._acting)
