"""Steps that need people: asked between plan and effect, waited for without a slot, done once enough said yes.

An agent that changes something runs first, in its sandbox: what it plans is what people are asked about, and the hub
writes it after their yes. Any other agent whose node has an `approval` starts only after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from httpx import HTTPError
from prefect import get_run_logger
from pydantic import JsonValue

from agents.contract.manifest import Risk
from flows.approvals import (
    PREFECT_UI,
    ApprovalError,
    BrokenGate,
    DecidedAlreadyError,
    Door,
    Gate,
    GateRequest,
    Ledger,
    Mark,
    NotAllowedError,
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
from flows.errors import DockyardError, InvalidInputError, NodeFailedError, UnavailableError
from flows.execution.changes import Changes, checks_of, differences, fixes_of, patch_of
from flows.execution.driver import Clock
from flows.execution.failures import Failures
from flows.execution.origin import NOBODY
from flows.execution.outcome import failed
from flows.execution.pauses import Pauses
from flows.execution.scheduler import Outcome, Step
from flows.execution.tasks import Tasks
from flows.execution.worked import Worked
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
    """Runs the steps of one run; implements `driver.Steps`. What it remembers is the driver's thread's alone."""

    origin: Origin
    workflow: str
    tasks: Tasks
    changes: Changes
    ledger: Ledger
    policy: Callable[[], Policy]
    """Today's policy."""
    pauses: Pauses
    clock: Clock
    failures: Failures
    worked: Worked
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _known: dict[str, Gate] = field(default_factory=dict)
    _broken: dict[str, BrokenGate] = field(default_factory=dict)
    _mark: Mark | None = None
    _away: bool = False

    @property
    def waiting(self) -> int:
        """How many steps wait for people."""
        return len(self._waiting)

    def forget(self) -> None:
        """The run has ended: one that is started again begins anew."""
        self.failures.forget()
        self.worked.forget()

    def known(self, key: str) -> bool:
        """Whether the step of that key has ended in an earlier entry."""
        return self.tasks.known(key) or self.failures.of(key) is not None

    def submit(self, step: Step, done: Callable[[Outcome], None], park: Callable[[Callable[[], None]], None]) -> None:
        """Start `step`, or ask first."""

        def ended(outcome: Outcome) -> None:
            self.failures.note(step.key, outcome)
            done(outcome)

        if failure := self.failures.of(step.key):
            done(failure)  # it ended so before the run was suspended
        elif self.tasks.definition.manifest(step.node).risk is Risk.APPROVAL_REQUIRED:
            self.tasks.submit(step, partial(self._planned, step, ended, park))
        elif step.node.approval is None:
            self.tasks.submit(step, ended)
        elif not self.tasks.take(step, step.key, ended):
            park(partial(self._wait, _Waiting(step, ended)))

    def look(self, *, busy: bool) -> None:
        """Ask, act on what was decided, and let the run rest where nothing else goes on. May raise Prefect's Pause.

        What cannot be done while the database or Prefect is away is done by a later look.
        """
        try:
            self._look(busy)
        except (UnavailableError, HTTPError) as error:
            if not self._away:
                get_run_logger().warning("The run waits on, and tries again: %s.", error)
            self._away = True
        else:
            self._away = False

    def _look(self, busy: bool) -> None:
        now = datetime.now(UTC)
        moved = self._ask_all(now)
        if self.pauses.asked_again():
            self._take_answers(now)
        self._read(now)
        for waiting in [*self._waiting.values()]:
            gate = self._timely(waiting, now)
            if isinstance(gate, Gate) and gate.state is State.OPEN:
                continue
            if not self.pauses.wake():
                return
            moved = True
            if isinstance(gate, Gate):
                self._act(waiting, gate)
            else:
                self._end(waiting, failed(gate.why))
        if busy or moved:
            self.pauses.wake()
            self.clock.go()
        elif self._waiting:
            self._rest([self._known[waiting.gate] for waiting in self._waiting.values()], now)

    def _ask_all(self, now: datetime) -> bool:
        """Open the gates of those that came to wait; whether one of them ended instead."""
        before = self.waiting
        for waiting in [each for each in self._waiting.values() if not each.gate]:
            self._ask(waiting, now)
        return self.waiting < before

    def _timely(self, waiting: _Waiting, now: datetime) -> Gate | BrokenGate:
        """The gate as it stands; closed, where the run's time is over."""
        if waiting.gate in self._broken:
            return self._broken[waiting.gate]
        gate = self._known[waiting.gate]
        left, reason = self.clock.left(waiting.step)
        if gate.state is not State.OPEN or left > 0:
            return gate
        try:
            return self.ledger.supersede(gate.id, reason, now)
        except NotAllowedError:  # somebody has decided in this very moment
            return self.ledger.gate(gate.id)

    def _read(self, now: datetime) -> None:
        """Look how the run's gates stand, where the ledger has a new row or a gate's time is over."""
        if any(gate.state is State.OPEN and now >= gate.request.expires for gate in self._known.values()):
            self.ledger.expire(now, self.origin.run)
        mark = self.ledger.mark()
        if mark != self._mark or any(waiting.gate not in self._known for waiting in self._waiting.values()):
            found = self.ledger.survey(run=self.origin.run, open_only=False)
            known = {gate.id: gate for gate in found.gates}
            broken = {gate.id: gate for gate in found.broken}
            for waiting in self._waiting.values():
                if waiting.gate not in known and waiting.gate not in broken:
                    raise _other_ledger(f"gate {waiting.gate[:8]}")
            self._known, self._broken, self._mark = known, broken, mark

    def _planned(
        self,
        step: Step,
        done: Callable[[Outcome], None],
        park: Callable[[Callable[[], None]], None],
        outcome: Outcome,
    ) -> None:
        """The agent has planned. Called in another thread."""
        planned = self.tasks.reports.get(step.name)
        if not outcome.status.ok or planned is None or patch_of(planned) is None:
            done(outcome)  # there is nothing to approve
        elif not self.tasks.take_applied(step, done):
            park(partial(self._wait, _Waiting(step, done, planned)))

    def _wait(self, waiting: _Waiting) -> None:
        self._waiting[waiting.step.name] = waiting

    def _ask(self, waiting: _Waiting, now: datetime) -> None:
        """Open the gate, or find it as an earlier entry left it; end the step where that cannot be."""
        try:
            waiting.gate = self._opened(waiting, now)
        except UnavailableError:
            raise
        except DockyardError as error:  # nobody is asked for what could not be done, or was changed since they were
            self._end(waiting, failed(str(error)))

    def _opened(self, waiting: _Waiting, now: datetime) -> str:
        try:
            return self.ledger.gate(gate_id(self.origin.run, waiting.step.key)).id
        except UnknownGateError:
            request = self.ledger.request(self._request(waiting, now))
        short, log = request.gate[:8], get_run_logger()
        log.info("Gate %s is open for '%s': `dockyard approvals show %s`.", short, waiting.step.name, short)
        if hopeless := unreachable(request):
            log.warning("Gate %s can only be rejected or expire: %s.", short, hopeless)
        return request.gate

    def _request(self, waiting: _Waiting, now: datetime) -> GateRequest:
        node, planned, policy = waiting.step.node, waiting.planned, self.policy()
        if self.origin.requester == NOBODY and not policy.requester_may_approve:
            raise NodeFailedError(
                "nobody is known who asked for this run, and whoever asked may not approve: start it with `dockyard run`, "
                "or deploy its workflow with `dockyard deploy`"
            )
        if not self.origin.author and not policy.author_may_approve:
            raise NodeFailedError(
                "nobody is known who wrote this workflow's text, and whoever wrote it may not approve: deploy it with "
                "`dockyard deploy`, and see that the worker's file is the one that was deployed"
            )
        manifest = self.tasks.definition.manifest(node)
        patch = None if planned is None else patch_of(planned)
        files = () if patch is None else self.changes.destination.files(patch)
        risk = risk_of(manifest.risk, files, policy)
        times = deadlines(policy, now, node.approval)
        subject = self._subject(waiting, policy.version)
        return GateRequest(
            run=self.origin.run,
            workflow=self.workflow,
            node=waiting.step.key,
            step=waiting.step.name,
            agent=manifest.name,
            why=_why(waiting, manifest.description),
            requester=self.origin.requester,
            author=self.origin.author,
            via=self.origin.via,
            risk=risk,
            files=files,
            plan=subject.plan,
            diff=subject.diff,
            verification=() if planned is None else checks_of(planned),
            findings=() if planned is None else fixes_of(planned, waiting.step.inputs, files),
            base_commit=subject.base_commit,
            image=subject.image,
            policy_version=subject.policy_version,
            requirement=requirement(policy, node.approval, risk, files),
            opened=now,
            expires=times.expires,
            remind=times.remind,
            escalate=times.escalate,
        )

    def _subject(self, waiting: _Waiting, policy_version: str) -> Subject:
        if waiting.planned is not None:
            return self.changes.subject(waiting.planned, policy_version)
        inputs: dict[str, JsonValue] = dict(waiting.step.inputs)
        agent = waiting.step.node.agent or ""
        return self.changes.subject_of(agent, {"agent": agent, "inputs": inputs}, policy_version)

    def _act(self, waiting: _Waiting, gate: Gate) -> None:
        """Do what was decided."""
        step, planned = waiting.step, waiting.planned
        if gate.state is not State.APPROVED:
            self._end(waiting, Outcome(_ENDS[gate.state], error=gate.text))
            return
        get_run_logger().info("Gate %s of '%s': %s.", gate.id[:8], step.name, gate.text)
        del self._waiting[step.name]
        if planned is not None:
            self.tasks.apply(step, partial(self.changes.write, gate), waiting.done)
            return
        subject = self._subject(waiting, gate.request.policy_version)
        if digest_of(subject) == gate.digest:
            self.tasks.submit(step, waiting.done)
        else:
            differs = ", ".join(differences(gate, subject))
            waiting.done(
                failed(f"what would be done is not what was approved ({differs}): nothing was done; start a new run")
            )

    def _end(self, waiting: _Waiting, outcome: Outcome) -> None:
        del self._waiting[waiting.step.name]
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
                    policy=self.policy(),
                )
            except DecidedAlreadyError:
                continue  # an answer of an earlier entry
            except (ApprovalError, InvalidInputError) as error:
                get_run_logger().warning("The answer given in Prefect's page does not count: %s.", error)

    def _check_own(self, gate: Gate) -> None:
        if gate.request.run != self.origin.run:
            raise UnknownGateError(f"gate {gate.id[:8]} is another run's")

    def _rest(self, gates: list[Gate], now: datetime) -> None:
        self.clock.stop()
        asked = {gate.id: _asked(gate) for gate in gates}
        last = max((gate.request.expires - now).total_seconds() for gate in gates)
        if self.pauses.over:
            self.failures.keep()
            self.worked.keep(self.clock.worked)
            closed = [gate for gate in self._known.values() if gate.state is not State.OPEN]
            self.pauses.suspend(asked, last, handled=len(closed) + len(self._broken))
        else:
            self.pauses.rest(asked, last)


def check_ledger(ledger: Ledger, run: str, failures: Failures) -> None:
    """Raises UnavailableError where the run has waited for people before, and the ledger knows nothing of it."""
    if not failures.suspended:
        return
    found = ledger.survey(run=run, open_only=False)
    if not found.gates and not found.broken:
        raise _other_ledger("gate of this run, which waited for people")


def _other_ledger(what: str) -> UnavailableError:
    return UnavailableError(
        f"the ledger holds no {what}: another database is in its place, or an older copy; see DOCKYARD_DATABASE_URL"
    )


def _why(waiting: _Waiting, description: str) -> str:
    """What will happen, for who reads nothing else."""
    report = waiting.planned.report if waiting.planned else None
    said = (report or {}).get("explanation")
    return readable(str(said)) if said else f"The agent {waiting.step.node.agent} will run. {description}"


def _asked(gate: Gate) -> str:
    """A gate in Prefect's form: what it is about, and where the whole request is."""
    request = gate.request
    files = f" It changes {', '.join(request.files[:5])}." if request.files else ""
    where = f"node {request.display_name} of {request.workflow}"
    return (
        f"Gate {gate.id} ({request.risk.value} risk), {where}: {request.why}{files} "
        f"The exact change: dockyard approvals show {gate.id[:8]}"
    )
