"""Gates as people meet them, whatever the door: list, look, decide, verify, export."""

from __future__ import annotations

import logging
from collections.abc import Callable
from copy import copy
from datetime import UTC, datetime
from functools import cached_property
from typing import TextIO

from agents.contract.schema import Frozen
from flows.approvals import (
    Apply,
    ApprovalError,
    BrokenGate,
    Choice,
    DecidedAlreadyError,
    Decision,
    Door,
    Gate,
    GateChangedError,
    GateRequest,
    Ledger,
    Mark,
    NotAllowedError,
    Policy,
    PolicyError,
    RiskLevel,
    State,
    Survey,
    UnknownGateError,
    policy_for,
    refusal,
)
from flows.approvals.policy import eligible
from flows.approvals.texts import person
from flows.errors import InvalidInputError, UnavailableError, UnknownError
from flows.settings import Settings, local_person
from flows.store import Broken, open_store

__all__ = [
    "Apply",
    "ApprovalError",
    "Approvals",
    "Broken",
    "BrokenGate",
    "Choice",
    "DecidedAlreadyError",
    "Decision",
    "Door",
    "Gate",
    "GateChangedError",
    "GateRequest",
    "Mark",
    "May",
    "NotAllowedError",
    "PolicyError",
    "RiskLevel",
    "State",
    "Survey",
]

_LOG = logging.getLogger(__name__)


class May(Frozen):
    """One thing that a gate takes: `quorum` different people of `approvers`, who are now `people`."""

    quorum: int
    approvers: tuple[str, ...]
    people: tuple[str, ...]


class Approvals:
    """The gates of one workspace, or of all for who sits at the machine. The database is opened when it is needed."""

    def __init__(
        self, settings: Settings, *, workspace: str | None = None, say: Callable[[str], None] = _LOG.warning
    ) -> None:
        """`workspace`: those of others are not there. `say` is told what a person should know beside a method's answer."""
        self._settings = settings
        self._workspace = workspace
        self._say = say
        self._told: set[BrokenGate] = set()

    def telling(self, say: Callable[[str], None]) -> Approvals:
        """The same gates, for somebody else who is told things."""
        other = copy(self)
        other._say, other._told = say, set()
        return other

    def of(self, workspace: str) -> Approvals:
        """The gates of one workspace alone."""
        other = copy(self)
        other._workspace = workspace
        return other

    @cached_property
    def ledger(self) -> Ledger:
        """Where the gates are. Raises as `open_store`."""
        return Ledger(open_store(self._settings))

    def list(self, everything: bool = False, run: str | None = None) -> tuple[Gate, ...]:
        """The open gates, or all that ever were; of the run of that id, or of all. Oldest first.

        Those that were changed in the database are not among them: `say` is told of each, once.
        """
        found = self.survey(everything, run)
        for broken in found.broken:
            if broken not in self._told:
                self._told.add(broken)
                self._say(f"Gate {broken.id[:8]} is left out: {broken.why}.")
        return found.gates

    def survey(self, everything: bool = False, run: str | None = None) -> Survey:
        """The gates of `list`, and beside them those that were changed."""
        return self.ledger.survey(run=run, open_only=not everything, within=self._workspace)

    def get(self, text: str) -> Gate:
        """The gate of that id, or whose id alone begins so. Raises UnknownError when there is none."""
        try:
            return self.ledger.gate(text, self._workspace)
        except UnknownGateError as error:
            raise UnknownError(f"{error}; `dockyard approvals list --all` shows them") from error

    def mine(self, actor: str | None = None) -> tuple[Gate, ...]:
        """The open gates that this person may decide now; by default, whoever sits here."""
        who, now, policy = self._who(actor), datetime.now(UTC), self._policy()
        return tuple(gate for gate in self.list() if refusal(gate.request, who, gate.decisions, now, policy) is None)

    def refusal(self, gate: Gate, actor: str | None = None) -> str | None:
        """Why this person may not decide there now, by today's policy; None where they may."""
        return refusal(gate.request, self._who(actor), gate.decisions, datetime.now(UTC), self._policy())

    def may(self, gate: Gate) -> tuple[May, ...]:
        """Whose yes would count there now: for each thing that it takes, by name."""
        now = datetime.now(UTC)
        return tuple(
            May(
                quorum=clause.quorum,
                approvers=clause.approvers,
                people=tuple(sorted(eligible(gate.request, clause, now))),
            )
            for clause in gate.request.requirement.clauses
        )

    def decide(self, text: str, choice: Choice, *, note: str, digest: str, door: Door, actor: str | None = None) -> Gate:
        """Write what a person says who has seen what has that `digest`, and let the run go on where that settles it.

        Raises UnknownError, InvalidInputError for a note that cannot be kept, NotAllowedError with the reason,
        GateChangedError where the digest is another one. Once the decision is written nothing is raised any more: that
        the run could not be woken is said.
        """
        found = self.get(text)
        now = datetime.now(UTC)
        gate = self.ledger.decide(
            found.id, self._who(actor), choice, note=note, digest=digest, door=door, now=now, policy=self._policy()
        )
        if gate.state is not State.OPEN:
            self._wake(gate)
        return gate

    def verify(self, noted: Mark | None = None) -> Broken | None:
        """The first row of the ledger that was touched; see `Ledger.verify`."""
        return self.ledger.verify(noted)

    def mark(self) -> Mark | None:
        """Where the ledger ends, to be noted elsewhere; None while it is empty."""
        return self.ledger.mark()

    def export(self, stream: TextIO) -> int:
        """Write every row of the ledger as a line of JSON; returns how many."""
        return self.ledger.export(stream)

    def _policy(self) -> Policy:
        # Read each time: a hub lives for weeks, and today's policy counts.
        return policy_for(self._settings, local_person())

    def _who(self, actor: str | None) -> str:
        try:
            return person(local_person() if actor is None else actor)
        except ValueError as error:
            raise InvalidInputError(f"'{actor or local_person()}' cannot decide: {error}") from error

    def _wake(self, gate: Gate) -> None:
        from prefect.client.orchestration import get_client

        from flows.service.local import LocalServices
        from flows.service.reconciler import Reconciler

        try:
            LocalServices(self._settings).use(self._say, start=False)
            with get_client(sync_client=True) as client:
                Reconciler(self._settings, client, ledger=self.ledger).wake(gate.request.run)
        except UnavailableError as error:
            self._later(str(error))
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the decision is written, and that must be known
            self._later(f"{type(error).__name__}: {error}")

    def _later(self, reason: str) -> None:
        self._say(
            f"This is recorded, but the run could not be told ({reason}). It goes on as soon as a worker or "
            "`dockyard reconcile` looks at it."
        )
