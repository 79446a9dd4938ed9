"""Brings Prefect's runs and the ledger's gates together again, whatever process was killed between the two.

A run that waits for people goes on by itself while it has a process. Once it is suspended or was killed somebody must
start it again: that is done here, by every worker of ours and by `dockyard reconcile`, as often as one likes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flows.approvals import BrokenGate, Due, Gate, Ledger, Mark, NotAllowedError, Notice, State, Step, Survey, TamperedError
from flows.errors import DockyardError
from flows.service.server import answering
from flows.settings import Settings
from flows.store import is_made, open_store

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas import OrchestrationResult
    from prefect.client.schemas.objects import FlowRun
    from prefect.client.schemas.objects import State as PrefectState

LOOK = timedelta(seconds=10)
"""How often runs are looked at while the ledger has no new row."""
MARGIN = timedelta(seconds=60)
"""How much time there may be between a decision and what a run makes of it, be it busy or killed."""
MOST_CRASHES = 10
"""A run that has crashed so often is not started again."""

_PAGE = 200
"""As many runs as Prefect gives at once."""


def _now() -> datetime:
    return datetime.now(UTC)


def unheard(settings: Settings) -> timedelta:
    """How long before Prefect marks a run as Crashed its process may have died."""
    return timedelta(seconds=settings.heartbeat + settings.lost_after) + MARGIN


class Reconciler:
    """Looks after the runs that have gates. Any number of these may be at work at once, on one machine or several.

    What it does is said in sentences. Every method raises UnavailableError when Prefect or the database does not answer;
    what is left undone then is done by the next look.
    """

    def __init__(
        self,
        settings: Settings,
        client: SyncPrefectClient,
        *,
        ledger: Ledger | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        """`ledger`: the open one, where there is one; else it is opened once it has been made."""
        self._settings = settings
        self._client = client
        self._ledger = ledger
        self._clock = clock
        self._mark: Mark | None = None
        self._next = datetime.min.replace(tzinfo=UTC)
        self._settled: dict[str, int] = {}
        """Runs of which nothing is left to do, with the number of the row that was their newest then."""
        self._seen: set[str] = set()
        """Runs that this Prefect server has known."""
        self._told: set[tuple[str, int]] = set()
        """Gates that were found changed, with the row."""

    def once(self) -> tuple[str, ...]:
        """Do all that is to do now. Costs one query of the database while nothing is new."""
        ledger, now = self._opened(), self._clock()
        if ledger is None:
            return ()
        mark = ledger.mark()
        changed = mark != self._mark
        if not changed and now < self._next:
            return ()
        said = [*self._deadlines(ledger, now)]
        latest = ledger.runs()
        runs = [run for run, seq in latest.items() if self._settled.get(run) != seq]
        said += self._look(ledger, runs, latest, now)
        # A run that was on its way to rest when the row was written has arrived by the next time.
        self._mark, self._next = mark, now if changed else now + LOOK
        return tuple(said)

    def wake(self, run: str) -> tuple[str, ...]:
        """Let one run go on, if it can: for whoever has just written a decision about it."""
        ledger = self._opened()
        return () if ledger is None else tuple(self._look(ledger, [run], {}, self._clock()))

    def _opened(self) -> Ledger | None:
        if self._ledger is None and is_made(self._settings):
            self._ledger = Ledger(open_store(self._settings))
        return self._ledger

    def _deadlines(self, ledger: Ledger, now: datetime) -> Iterator[str]:
        for gate in ledger.expire(now):
            yield f"{_named(gate)} is closed: {gate.text}."
        for notice in ledger.notify(now):
            yield _told(notice)

    def _look(self, ledger: Ledger, runs: Sequence[str], latest: dict[str, int], now: datetime) -> Iterator[str]:
        known = self._read(runs)
        for run in runs:
            said, settled = self._run(ledger, run, known.get(run), now)
            if settled and run in latest:
                self._settled[run] = latest[run]
            yield from said

    @answering()
    def _read(self, runs: Sequence[str]) -> dict[str, FlowRun]:
        from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

        ids = [found for run in runs if (found := _uuid(run))]
        read: list[FlowRun] = []
        for start in range(0, len(ids), _PAGE):
            chosen = FlowRunFilter(id=FlowRunFilterId(any_=ids[start : start + _PAGE]))
            read += self._client.read_flow_runs(flow_run_filter=chosen, limit=_PAGE)
        return {str(run.id): run for run in read}

    def _run(self, ledger: Ledger, run: str, known: FlowRun | None, now: datetime) -> tuple[Iterable[str], bool]:
        """What was done for one run, and whether nothing is left to do until the ledger has a new row about it."""
        found = ledger.survey(run=run, open_only=False)
        said, settled = self._follow(ledger, run, found, known, now)
        return (*self._news(run, found.broken), *said), settled

    def _news(self, run: str, broken: Sequence[BrokenGate]) -> Iterator[str]:
        """Gates that were changed, each told once: nothing follows from them, nor is their run started for them."""
        for gate in broken:
            if (gate.id, gate.row) not in self._told:
                self._told.add((gate.id, gate.row))
                yield f"Gate {gate.id[:8]} of run {run} stays as it is: {gate.why}."

    def _follow(
        self, ledger: Ledger, run: str, found: Survey, known: FlowRun | None, now: datetime
    ) -> tuple[Iterable[str], bool]:
        gates = found.gates
        waiting = [gate for gate in gates if gate.state is State.OPEN]
        if known is None:
            return self._missing(ledger, run, waiting, now)
        self._seen.add(run)
        state = known.state
        if state is not None and state.is_pending():
            return self._pending(known, state, gates, now), False
        if state is None or not (state.is_paused() or state.is_final()):
            return (), False
        if state.is_paused():
            return self._paused(known, state, found, now), False
        if state.is_crashed():
            return self._crashed(ledger, known, state, gates, now)
        return _supersede(ledger, waiting, f"its run has ended: {state.name}", now), True

    def _missing(self, ledger: Ledger, run: str, waiting: Sequence[Gate], now: datetime) -> tuple[Iterable[str], bool]:
        """A run that this Prefect server does not know, any more or at all."""
        if run in self._seen:
            return _supersede(ledger, waiting, "its run is gone from Prefect", now), True
        return (), not waiting  # another server's, of a workspace with the same database: not ours to judge

    def _pending(self, known: FlowRun, state: PrefectState[Any], gates: Sequence[Gate], now: datetime) -> Iterable[str]:
        """A worker was about to start the run, and may be gone: Prefect would let it be so for ever."""
        if not gates or known.deployment_id is None or now - state.timestamp <= unheard(self._settings):
            return ()
        return self._start(
            known, state, "AwaitingRetry", now, f"Run {known.name} was taken and never begun: it is started again."
        )

    def _paused(self, known: FlowRun, state: PrefectState[Any], found: Survey, now: datetime) -> Iterable[str]:
        from flows.execution.pauses import handled_in

        handled = handled_in(state.state_details.pause_key)
        if handled is None:  # somebody else paused it
            return ()
        closed = [gate for gate in found.gates if gate.closed_at is not None]
        if state.name == "Suspended":
            # No clock says whether it knew of them: the deciding machine's and the server's may differ.
            goes_on = len(closed) > handled
            # One that was changed since may have been closed, and counted, before.
            fresh = any(gate.closed_at > state.timestamp - MARGIN for gate in closed if gate.closed_at)
            goes_on = goes_on or (len(closed) + len(found.broken) > handled and fresh)
        else:
            # It should have seen the decision within a second, and been suspended after the grace: its process is gone.
            grace = timedelta(seconds=self._settings.approval_grace)
            fresh = any(gate.closed_at > state.timestamp for gate in closed if gate.closed_at)
            goes_on = known.deployment_id is not None and now - state.timestamp > grace + MARGIN and fresh
        if not goes_on:
            return ()
        latest = max(closed, key=lambda gate: gate.closed_at or gate.request.opened)
        return self._start(known, state, "Resuming", now, f"Run {known.name} goes on: {_named(latest)} is {latest.text}.")

    def _crashed(
        self, ledger: Ledger, known: FlowRun, state: PrefectState[Any], gates: Sequence[Gate], now: datetime
    ) -> tuple[Iterable[str], bool]:
        # Once more than it needs does no harm: what had finished is taken from its results.
        if not any(_unfinished(gate, state.timestamp - unheard(self._settings)) for gate in gates):
            return (), True
        waiting = [gate for gate in gates if gate.state is State.OPEN]
        if known.deployment_id is None:
            return _supersede(ledger, waiting, "its run crashed and has no deployment to be started again by", now), True
        crashes = self._crashes(known.id)
        if crashes >= MOST_CRASHES:
            return _supersede(ledger, waiting, f"its run crashed {crashes} times", now), True
        at = now + timedelta(seconds=2**crashes - 2)  # the first time at once, then after 2, 6, 14 … seconds
        return self._start(
            known, state, "AwaitingRetry", at, f"Run {known.name} crashed at a gate and is started again."
        ), False

    @answering()
    def _crashes(self, run: UUID) -> int:
        return max(1, sum(state.is_crashed() for state in self._client.read_flow_run_states(run)))

    @answering()
    def _start(self, known: FlowRun, state: PrefectState[Any], name: str, at: datetime, said: str) -> Iterable[str]:
        """Let a worker take the run; nothing where its state is another one by now, or Prefect refuses."""
        from prefect.client.schemas.responses import SetStateStatus
        from prefect.exceptions import ObjectNotFound
        from prefect.states import Scheduled

        try:
            fresh = self._client.read_flow_run(known.id).state
            if fresh is None or fresh.id != state.id:
                return ()  # another reconciler was first, or a person
            # What Prefect's own resume does, without the answer that its form would want.
            result: OrchestrationResult[Any] = self._client.set_flow_run_state(
                known.id, Scheduled(name=name, scheduled_time=at)
            )
        except ObjectNotFound:
            return ()
        return (said,) if result.status is SetStateStatus.ACCEPT else ()


def reconcile(settings: Settings, say: Callable[[str], None]) -> tuple[str, ...]:
    """Look once at all runs that wait and tell people, for machines whose workers are of another type.

    Raises UnavailableError. That people could not be told is said, and is in nothing's way.
    """
    from prefect.client.orchestration import get_client

    from flows.service.local import LocalServices
    from flows.service.notifier import Notifier

    LocalServices(settings).use(say, start=False)
    with get_client(sync_client=True) as client:
        done = Reconciler(settings, client).once()
    try:
        return (*done, *Notifier(settings, warn=say).once())
    except DockyardError as error:
        say(f"People are not told of gates: {error}.")
        return done


def _unfinished(gate: Gate, alive_at: datetime) -> bool:
    """Whether the run, last known alive then, may not have acted on the gate, or not to the end."""
    if gate.state is State.OPEN:
        return True
    if gate.apply.step is Step.ROLLED_BACK:  # a person has looked since, however short ago
        return False
    if gate.state is State.APPROVED and gate.apply.step in (Step.NONE, Step.INTENDED):
        return True
    if gate.apply.at is not None and gate.apply.at > alive_at:
        return True  # what comes after the change may not have begun
    return gate.closed_at is not None and gate.closed_at > alive_at and gate.state is not State.SUPERSEDED


def _supersede(ledger: Ledger, gates: Iterable[Gate], reason: str, now: datetime) -> tuple[str, ...]:
    said = []
    for gate in gates:
        with suppress(
            NotAllowedError, TamperedError
        ):  # closed meanwhile, which is as good, or changed: told by the next look
            ledger.supersede(gate.id, reason, now)
            said.append(f"{_named(gate)} is closed: {reason}.")
    return tuple(said)


def _told(notice: Notice) -> str:
    people, request = " and ".join(notice.to), notice.gate.request
    if notice.due is Due.REMIND:
        return f"{_named(notice.gate)} waits for {people} until {request.expires:%Y-%m-%d %H:%M %Z}."
    return f"{_named(notice.gate)} has waited long: {people} may decide, too."


def _named(gate: Gate) -> str:
    return f"Gate {gate.id[:8]} ({gate.request.workflow}: {gate.request.display_name})"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:  # no run of Prefect's: somebody wrote it there
        return None
