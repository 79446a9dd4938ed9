"""Steps that need people: asked between plan and effect, waited for without a slot, done once enough said yes.

An agent that changes something runs first, in its sandbox: what it plans is what people are asked about, and the hub
writes it after their yes. Any other agent whose node has an `approval` starts only after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from prefect import get_run_logger
from pydantic import JsonValue

from agents.catalog import catalog
from agents.contract.manifest import Risk
from flows.approvals import (
    PREFECT_UI,
    ApprovalError,
    Door,
    Gate,
    GateRequest,
    Ledger,
    Mark,
    Policy,
    State,
    Subject,
    UnknownGateError,
    deadlines,
    digest_of,
    gate_id,
    requirement,
    risk_of,
    unreachable,
)
from flows.approvals.texts import readable
from flows.definition.status import NodeStatus
from flows.errors import DockyardError
from flows.execution.changes import Changes, checks_of, patch_of
from flows.execution.driver import Clock
from flows.execution.outcome import failed
from flows.execution.pauses import Pauses
from flows.execution.scheduler import Outcome, Step
from flows.execution.tasks import Tasks
from flows.reports.schema import NodeReport
from flows.store import Origin

_ENDS = {State.REJECTED: NodeStatus.REJECTED, State.EXPIRED: NodeStatus.EXPIRED, State.SUPERSEDED: NodeStatus.TIMED_OUT}


@dataclass
class _Waiting:
    """A step that waits for people. `gate` is empty until they have been asked; `planned` what the agent wants to do."""

    step: Step
    done: Callable[[Outcome], None]
    planned: NodeReport | None = None
    gate: str = ""


@dataclass
class Gates:
    """Runs the steps of one run; implements `driver.Steps`. Only the driver's thread talks to the ledger."""

    origin: Origin
    workflow: str
    tasks: Tasks
    changes: Changes
    ledger: Ledger
    policy: Policy
    pauses: Pauses
    clock: Clock
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _handled: set[str] = field(default_factory=set)
    _known: dict[str, Gate] = field(default_factory=dict)
    _mark: Mark | None = None

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

    def look(self, *, busy: bool) -> None:
        """Ask, act on what was decided, and let the run rest where nothing else goes on. May raise Prefect's Pause."""
        now = datetime.now(UTC)
        there = [*self._waiting.values()]  # more may come meanwhile, from other threads
        for waiting in there:
            if not waiting.gate:
                self._ask(waiting, now)
        if self.pauses.asked_again():
            self._take_answers(now)
        asked = [waiting for waiting in there if waiting.gate]
        self._read(asked, now)
        decided = False
        for waiting in asked:
            gate = self._known[waiting.gate]
            left, reason = self.clock.left(waiting.step)
            if gate.state is State.OPEN and left <= 0:
                gate = self.ledger.supersede(gate.id, reason, now)
            if gate.state is not State.OPEN:
                decided = True
                self.pauses.wake()
                self._act(waiting, gate)
        if asked and not decided and not busy and len(asked) == self.waiting:
            self._rest([self._known[waiting.gate] for waiting in asked], now)

    def _read(self, asked: list[_Waiting], now: datetime) -> None:
        """Look how the run's gates stand, where the ledger has a new row or a gate's time is over."""
        if any(gate.state is State.OPEN and now >= gate.request.expires for gate in self._known.values()):
            self.ledger.expire(now)
        mark = self.ledger.mark()
        if mark != self._mark or any(waiting.gate not in self._known for waiting in asked):
            self._known = {gate.id: gate for gate in self.ledger.gates(run=self.origin.run, open_only=False)}
            self._mark = mark

    def _planned(self, step: Step, done: Callable[[Outcome], None], parked: Callable[[], None], outcome: Outcome) -> None:
        """The agent has planned. Called in another thread."""
        planned = self.tasks.reports.get(step.name)
        if not outcome.status.ok or planned is None or patch_of(planned) is None:
            done(outcome)  # there is nothing to approve
        else:
            self._wait(_Waiting(step, done, planned), parked)

    def _wait(self, waiting: _Waiting, parked: Callable[[], None]) -> None:
        self._waiting[waiting.step.name] = waiting
        parked()

    def _ask(self, waiting: _Waiting, now: datetime) -> None:
        """Open the gate, or find it as an earlier entry left it."""
        run, key = self.origin.run, waiting.step.key
        try:
            gate = self.ledger.gate(gate_id(run, key))
        except UnknownGateError:
            try:
                request = self._request(waiting, now)
            except DockyardError as error:  # nobody is asked for what could not be done
                self._end(waiting, failed(str(error)))
                return
            gate = self.ledger.gate(self.ledger.request(request).gate)
            hopeless = unreachable(request)
            log = get_run_logger()
            log.info("Gate %s is open for '%s': `dockyard approvals show %s`.", gate.id[:8], waiting.step.name, gate.id[:8])
            if hopeless:
                log.warning("Gate %s can only be rejected or expire: %s.", gate.id[:8], hopeless)
        waiting.gate = gate.id

    def _request(self, waiting: _Waiting, now: datetime) -> GateRequest:
        node, planned = waiting.step.node, waiting.planned
        manifest = catalog()[node.agent or ""]
        patch = None if planned is None else patch_of(planned)
        files = () if patch is None else self.changes.destination.files(patch)
        risk = risk_of(manifest.risk, files, self.policy)
        times = deadlines(self.policy, now, node.approval)
        subject = self._subject(waiting)
        return GateRequest(
            run=self.origin.run,
            workflow=self.workflow,
            node=waiting.step.key,
            agent=manifest.name,
            why=_why(waiting, manifest.description),
            requester=self.origin.requester,
            author=self.origin.author,
            risk=risk,
            files=files,
            plan=subject.plan,
            diff=subject.diff,
            verification=() if planned is None else checks_of(planned),
            base_commit=subject.base_commit,
            image=subject.image,
            policy_version=subject.policy_version,
            requirement=requirement(self.policy, node.approval, risk, files),
            opened=now,
            expires=times.expires,
            remind=times.remind,
            escalate=times.escalate,
        )

    def _subject(self, waiting: _Waiting) -> Subject:
        if waiting.planned is not None:
            return self.changes.subject(waiting.planned)
        inputs: dict[str, JsonValue] = dict(waiting.step.inputs)
        return self.changes.subject_of({"agent": waiting.step.node.agent, "inputs": inputs})

    def _act(self, waiting: _Waiting, gate: Gate) -> None:
        """Do what was decided."""
        step, planned = waiting.step, waiting.planned
        if gate.state is not State.APPROVED:
            self._end(waiting, Outcome(_ENDS[gate.state], error=gate.text))
            return
        get_run_logger().info("Gate %s of '%s': %s.", gate.id[:8], step.name, gate.text)
        del self._waiting[step.name]
        self._handled.add(gate.id)
        if planned is not None:
            self.tasks.apply(step, partial(self.changes.write, gate), waiting.done)
        elif digest_of(self._subject(waiting)) == gate.digest:
            self.tasks.submit(step, waiting.done)
        else:
            waiting.done(failed("what would be done is not what was approved: nothing was done"))

    def _end(self, waiting: _Waiting, outcome: Outcome) -> None:
        del self._waiting[waiting.step.name]
        self._handled.add(waiting.gate)
        waiting.done(outcome)

    def _take_answers(self, now: datetime) -> None:
        """What was answered in Prefect's page is written down where the policy lets it count."""
        for beginning, choice in self.pauses.answers():
            try:
                gate = self.ledger.gate(beginning)
                self._check_own(gate)
                self.ledger.decide(
                    gate.id,
                    PREFECT_UI,
                    choice,
                    digest=gate.digest,
                    door=Door.PREFECT_UI,
                    now=now,
                    policy=self.policy,
                )
            except ApprovalError as error:
                get_run_logger().warning("The answer given in Prefect's page does not count: %s.", error)

    def _check_own(self, gate: Gate) -> None:
        if gate.request.run != self.origin.run:
            raise UnknownGateError(f"gate {gate.id[:8]} is another run's")

    def _rest(self, gates: list[Gate], now: datetime) -> None:
        asked = {gate.id: _asked(gate) for gate in gates}
        last = max((gate.request.expires - now).total_seconds() for gate in gates)
        if self.pauses.over:
            self.pauses.suspend(asked, last, handled=len(self._handled))
        else:
            self.pauses.rest(asked, last)


def _why(waiting: _Waiting, description: str) -> str:
    """What will happen, for who reads nothing else."""
    report = waiting.planned.report if waiting.planned else None
    said = (report or {}).get("explanation")
    return readable(str(said)) if said else f"The agent {waiting.step.node.agent} will run. {description}"


def _asked(gate: Gate) -> str:
    """A gate in Prefect's form: what it is about, and where the whole request is."""
    request = gate.request
    files = f" It changes {', '.join(request.files[:5])}." if request.files else ""
    return (
        f"Gate {gate.id} ({request.risk.value} risk), node {request.node} of {request.workflow}: {request.why}{files} "
        f"The exact change: dockyard approvals show {gate.id[:8]}"
    )
