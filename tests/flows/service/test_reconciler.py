"""Runs and gates find together again, whatever was killed between them; nothing is started twice."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from prefect.client.schemas.objects import State as PrefectState
from prefect.states import AwaitingRetry, Cancelled, Completed, Crashed, Failed, Paused, Pending, Running, Suspended
from sqlalchemy import text

from flows.approvals import Choice, GateRequest, Ledger, Policy, State, Step, gate_id
from flows.errors import UnavailableError
from flows.service.reconciler import MARGIN, MOST_CRASHES, Reconciler, unheard
from flows.settings import Settings
from flows.store import open_store
from tests.flows.approvals.asking import OPENED
from tests.flows.service.waiting import MINUTE, POLICY, Clock, Prefect, ask, at, say, suspended

SECOND = timedelta(seconds=1)
UNHEARD = unheard(Settings())


@pytest.fixture
def prefect() -> Prefect:
    return Prefect()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reconciler(settings: Settings, prefect: Prefect, clock: Clock) -> Reconciler:
    return Reconciler(settings, prefect, clock=clock)


def resting(handled: int = 0) -> PrefectState:
    """A run that was suspended when its gate had just opened."""
    return at(OPENED + SECOND, suspended(handled))


def test_makes_no_database_where_no_gate_was_ever_opened(reconciler: Reconciler, settings: Settings) -> None:
    assert reconciler.once() == ()
    assert reconciler.wake(str(uuid4())) == ()
    assert not settings.state_dir.exists()


def test_a_suspended_run_goes_on_once_a_gate_is_decided(reconciler: Reconciler, ledger: Ledger, prefect: Prefect) -> None:
    run = prefect.add(resting())
    request = ask(ledger, run)
    assert reconciler.once() == ()
    say(ledger, request)
    (said,) = reconciler.once()
    assert said == f"Run brave-tern goes on: Gate {request.gate[:8]} (weekly-maintenance: fix) is approved by zoe."
    assert prefect.state_of(run) == "Resuming"
    assert reconciler.once() == ()


def test_a_run_goes_on_where_one_of_several_gates_is_decided(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect
) -> None:
    run = prefect.add(resting())
    ask(ledger, run, "one")
    say(ledger, ask(ledger, run, "two"), Choice.REJECT)
    assert len(reconciler.once()) == 1
    assert prefect.state_of(run) == "Resuming"


def test_a_run_that_knew_of_the_decision_stays_suspended(reconciler: Reconciler, ledger: Ledger, prefect: Prefect) -> None:
    run = prefect.add(resting(handled=1))
    ask(ledger, run, "one")
    say(ledger, ask(ledger, run, "two"))
    assert reconciler.once() == ()
    assert prefect.state_of(run) == "Suspended"


def test_a_decision_counts_by_number_whatever_the_clock_of_its_machine_said(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect, clock: Clock
) -> None:
    later = OPENED + MINUTE + MARGIN + SECOND
    run = prefect.add(at(later, suspended()))
    ask(ledger, run, "one")
    say(ledger, ask(ledger, run, "two"))
    clock.now = later + MINUTE
    assert len(reconciler.once()) == 1
    assert prefect.state_of(run) == "Resuming"


def test_a_run_that_somebody_else_suspended_stays_so(reconciler: Reconciler, ledger: Ledger, prefect: Prefect) -> None:
    run = prefect.add(Suspended(timeout_seconds=60, pause_key="mine"))
    say(ledger, ask(ledger, run))
    assert reconciler.once() == ()


def test_only_the_run_that_is_woken_is_looked_at(reconciler: Reconciler, ledger: Ledger, prefect: Prefect) -> None:
    one, two = prefect.add(resting()), prefect.add(resting())
    for run in (one, two):
        say(ledger, ask(ledger, run))
    assert len(reconciler.wake(str(one))) == 1
    assert (prefect.state_of(one), prefect.state_of(two)) == ("Resuming", "Suspended")


def test_two_reconcilers_start_a_run_once(
    settings: Settings, ledger: Ledger, prefect: Prefect, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = prefect.add(resting())
    say(ledger, ask(ledger, run))
    first, second = Reconciler(settings, prefect, clock=clock), Reconciler(settings, prefect, clock=clock)
    read, woken = prefect.read_flow_runs, []

    def meanwhile(**arguments: object) -> object:
        found = read(**arguments)  # type: ignore[arg-type]
        monkeypatch.setattr(prefect, "read_flow_runs", read)
        woken.extend(second.once())
        return found

    monkeypatch.setattr(prefect, "read_flow_runs", meanwhile)
    assert first.once() == ()
    assert len(woken) == 1


def test_a_state_that_prefect_refuses_is_not_told_as_done(reconciler: Reconciler, ledger: Ledger, prefect: Prefect) -> None:
    run = prefect.add(resting())
    say(ledger, ask(ledger, run))
    prefect.refuses = True
    assert reconciler.once() == ()
    prefect.refuses = False
    assert len(reconciler.once()) == 1


def test_a_run_that_rests_in_its_process_is_left_alone(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect, clock: Clock
) -> None:
    run = prefect.add(at(OPENED + SECOND, Paused(timeout_seconds=9000, pause_key="dockyard-0-0123456789ab")))
    say(ledger, ask(ledger, run), at=OPENED + 30 * SECOND)
    clock.now = OPENED + 40 * SECOND
    assert reconciler.once() == ()


def test_a_run_whose_process_was_killed_while_it_rested_goes_on(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect, clock: Clock
) -> None:
    run = prefect.add(at(OPENED + SECOND, Paused(timeout_seconds=9000, pause_key="dockyard-0-0123456789ab")))
    say(ledger, ask(ledger, run), at=OPENED + 30 * SECOND)
    clock.now = OPENED + 3 * MINUTE
    assert len(reconciler.once()) == 1
    assert prefect.state_of(run) == "Resuming"


def test_a_crashed_run_with_an_open_gate_is_started_again(reconciler: Reconciler, ledger: Ledger, prefect: Prefect) -> None:
    run = prefect.add(at(OPENED + SECOND, Crashed()))
    ask(ledger, run)
    assert reconciler.once() == ("Run brave-tern crashed at a gate and is started again.",)
    assert prefect.state_of(run) == "AwaitingRetry"


@pytest.mark.parametrize("step", [Step.NONE, Step.INTENDED])
def test_a_crashed_run_with_a_change_that_is_approved_and_not_written_is_started_again(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect, clock: Clock, step: Step
) -> None:
    run = prefect.add(at(OPENED + SECOND, Crashed()))
    request = ask(ledger, run)
    say(ledger, request)
    if step is Step.INTENDED:
        ledger.intend_apply(request.gate, request.digest, clock.now)
    assert len(reconciler.once()) == 1


def end_with(ledger: Ledger, request: GateRequest, end: Step, clock: Clock) -> None:
    """Let what was approved be written, or not."""
    say(ledger, request)
    ledger.intend_apply(request.gate, request.digest, clock.now)
    if end is Step.REFUSED:
        ledger.refuse_apply(request.gate, "the base moved", clock.now)
    else:
        ledger.applied(request.gate, "c1", clock.now)


@pytest.mark.parametrize("end", [Step.APPLIED, Step.REFUSED])
def test_a_run_killed_right_after_its_change_goes_on_to_what_comes_next(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect, clock: Clock, end: Step
) -> None:
    run = prefect.add(at(clock.now + SECOND, Crashed()))
    end_with(ledger, ask(ledger, run), end, clock)
    assert len(reconciler.once()) == 1


@pytest.mark.parametrize("end", [Step.APPLIED, Step.REFUSED])
def test_a_run_that_crashed_long_after_its_gates_were_done_with_stays_crashed(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect, clock: Clock, end: Step
) -> None:
    run = prefect.add(at(clock.now + UNHEARD + SECOND, Crashed()))
    end_with(ledger, ask(ledger, run), end, clock)
    assert reconciler.once() == ()
    assert prefect.state_of(run) == "Crashed"


@pytest.mark.parametrize("end", [Step.APPLIED, Step.REFUSED])
def test_a_run_whose_machine_died_right_after_the_end_of_its_gate_goes_on(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect, clock: Clock, end: Step
) -> None:
    run = prefect.add(at(clock.now + UNHEARD - MINUTE, Crashed()))
    end_with(ledger, ask(ledger, run), end, clock)
    assert len(reconciler.once()) == 1
    assert prefect.state_of(run) == "AwaitingRetry"


def test_a_run_that_a_worker_took_and_never_began_is_started_again(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect, clock: Clock
) -> None:
    run = prefect.add(at(OPENED + MINUTE, Pending()))
    say(ledger, ask(ledger, run))
    clock.now = OPENED + MINUTE + UNHEARD
    assert reconciler.once() == ()
    clock.now += MINUTE
    assert [line.endswith("was taken and never begun: it is started again.") for line in reconciler.once()] == [True]
    assert prefect.state_of(run) == "AwaitingRetry"


def test_taking_a_change_back_does_not_start_its_crashed_run_again(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect, clock: Clock
) -> None:
    run = prefect.add(at(clock.now + UNHEARD + SECOND, Crashed()))
    request = ask(ledger, run)
    end_with(ledger, request, Step.APPLIED, clock)
    assert reconciler.once() == ()
    clock.now += 10 * MINUTE
    ledger.rolled_back(request.gate, "zoe", clock.now)
    assert reconciler.once() == ()


def test_a_run_killed_right_after_a_no_still_tells_it(reconciler: Reconciler, ledger: Ledger, prefect: Prefect) -> None:
    run = prefect.add(at(OPENED + MINUTE + SECOND, Crashed()))
    say(ledger, ask(ledger, run), Choice.REJECT)
    assert len(reconciler.once()) == 1
    other = prefect.add(at(OPENED + 10 * MINUTE, Crashed()))
    say(ledger, ask(ledger, other), Choice.REJECT)
    assert reconciler.once() == ()


def test_a_run_that_crashes_again_and_again_is_started_later_and_later(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect, clock: Clock
) -> None:
    delays = []
    run = uuid4()
    ask(ledger, run)
    for prefect.crashes in range(1, MOST_CRASHES):
        prefect.add(at(OPENED + SECOND, Crashed()), run)
        assert len(reconciler.wake(str(run))) == 1
        state = prefect.read_flow_run(run).state
        assert state is not None
        assert state.state_details.scheduled_time is not None
        delays.append((state.state_details.scheduled_time - clock.now).total_seconds())
    assert delays == [0, 2, 6, 14, 30, 62, 126, 254, 510]
    prefect.crashes = MOST_CRASHES
    prefect.add(at(OPENED + SECOND, Crashed()), run)
    (said,) = reconciler.wake(str(run))
    assert said.endswith("is closed: its run crashed 10 times.")


def test_a_crashed_run_that_nothing_could_start_again_asks_no_longer(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect
) -> None:
    run = prefect.add(Crashed(), deployed=False)
    gate = ask(ledger, run).gate
    assert len(reconciler.once()) == 1
    assert ledger.gate(gate).state is State.SUPERSEDED


@pytest.mark.parametrize("state", [Completed(), Failed(), Cancelled()], ids=lambda state: state.name)
def test_the_gates_of_a_run_that_has_ended_are_closed(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect, state: PrefectState
) -> None:
    run = prefect.add(state)
    gate = ask(ledger, run).gate
    (said,) = reconciler.once()
    assert said.endswith(f"is closed: its run has ended: {state.name}.")
    assert (ledger.gate(gate).state, ledger.gate(gate).text) == (State.SUPERSEDED, f"its run has ended: {state.name}")
    assert reconciler.once() == ()


@pytest.mark.parametrize("state", [Running(), AwaitingRetry()], ids=lambda state: state.name)
def test_a_run_that_goes_on_is_left_alone(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect, state: PrefectState
) -> None:
    ask(ledger, prefect.add(state))
    assert reconciler.once() == ()


def test_the_gates_of_a_run_that_was_deleted_are_closed_and_those_of_another_servers_run_are_not(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect
) -> None:
    ours, theirs = prefect.add(Running()), uuid4()
    gates = [ask(ledger, run).gate for run in (ours, theirs)]
    assert reconciler.once() == ()
    del prefect.runs[ours]
    assert len(reconciler.once()) == 1
    assert [ledger.gate(gate).state for gate in gates] == [State.SUPERSEDED, State.OPEN]


def test_gates_expire_and_the_run_goes_on(reconciler: Reconciler, ledger: Ledger, prefect: Prefect, clock: Clock) -> None:
    run = prefect.add(resting())
    gate = ask(ledger, run)
    clock.now = gate.expires
    closed, goes_on = reconciler.once()
    assert (
        closed == f"Gate {gate.gate[:8]} (weekly-maintenance: fix) is closed: expired at {gate.expires:%Y-%m-%d %H:%M %Z}."
    )
    assert "goes on" in goes_on
    assert prefect.state_of(run) == "Resuming"


def test_who_must_be_reminded_is_said_once(reconciler: Reconciler, ledger: Ledger, prefect: Prefect, clock: Clock) -> None:
    policy = Policy.model_validate(
        {
            "groups": {"leads": ["frank"]},
            "approvers": ["user:zoe"],
            "remind_after": "1h",
            "escalate": {"after": "2h", "to": ["group:leads"]},
        }
    )
    ask(ledger, prefect.add(Running()), policy=policy)
    clock.now = OPENED + timedelta(hours=1)
    (reminder,) = reconciler.once()
    assert "waits for user:zoe until" in reminder
    clock.now = OPENED + timedelta(hours=2)
    (escalation,) = reconciler.once()
    assert escalation.endswith("has waited long: group:leads may decide, too.")
    clock.now += MINUTE
    assert reconciler.once() == ()


def test_asks_prefect_seldom_while_nothing_is_new(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect, clock: Clock
) -> None:
    ask(ledger, prefect.add(Running()))
    for _ in range(2):  # the second: the run may have lain down only after the row was written
        reconciler.once()
    asked = prefect.asked
    for _ in range(4):
        clock.now += 2 * SECOND
        reconciler.once()
    assert prefect.asked == asked
    clock.now += 2 * SECOND
    reconciler.once()
    assert prefect.asked == asked + 1


def test_runs_that_are_over_are_not_asked_for_again(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect, clock: Clock
) -> None:
    say(ledger, ask(ledger, prefect.add(Completed())))
    reconciler.once()
    asked = prefect.asked
    clock.now += MINUTE
    reconciler.once()
    assert prefect.asked == asked


def test_a_server_that_does_not_answer_leaves_all_for_the_next_look(
    reconciler: Reconciler, ledger: Ledger, prefect: Prefect, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = prefect.add(resting())
    say(ledger, ask(ledger, run))

    def silent(**_: object) -> None:
        raise httpx.ConnectError("refused")

    with monkeypatch.context() as patch:
        patch.setattr(prefect, "read_flow_runs", silent)
        with pytest.raises(UnavailableError, match="does not answer"):
            reconciler.once()
    assert len(reconciler.once()) == 1


def test_a_row_that_was_edited_stops_its_own_run_only(
    settings: Settings, reconciler: Reconciler, ledger: Ledger, prefect: Prefect, clock: Clock
) -> None:
    bad, good = prefect.add(resting()), prefect.add(resting())
    for run in (bad, good):
        say(ledger, ask(ledger, run))
    edit(settings, bad)
    said = reconciler.once()
    assert [prefect.state_of(run) for run in (bad, good)] == ["Suspended", "Resuming"]
    bad_gate = gate_id(str(bad), "fix")[:8]
    told = f"Gate {bad_gate} of run {bad} stays as it is: row 1 of the ledger was changed"
    assert [line.startswith(told) for line in said].count(True) == 1
    clock.now += MINUTE
    assert not any(line.startswith(told) for line in reconciler.once())


def test_a_gate_that_was_edited_keeps_no_other_of_its_run_from_it(
    settings: Settings, reconciler: Reconciler, ledger: Ledger, prefect: Prefect
) -> None:
    run = prefect.add(resting(handled=1))
    say(ledger, ask(ledger, run, "one"))
    edit(settings, run)
    say(ledger, ask(ledger, run, "two"))
    assert any("goes on" in line for line in reconciler.once())
    assert prefect.state_of(run) == "Resuming"


def test_gates_expire_and_people_are_reminded_beside_one_that_was_edited(
    settings: Settings, reconciler: Reconciler, ledger: Ledger, prefect: Prefect, clock: Clock
) -> None:
    policy = POLICY.model_copy(update={"remind_after": 3600.0})
    bad, good = prefect.add(resting()), prefect.add(resting())
    for run in (bad, good):
        ask(ledger, run, policy=policy)
    edit(settings, bad)
    clock.now = OPENED + timedelta(hours=1)
    assert [line.split(" (")[0] for line in reconciler.once() if "waits for user:zoe" in line] == [
        f"Gate {gate_id(str(good), 'fix')[:8]}"
    ]
    clock.now = ledger.gate(gate_id(str(good), "fix")).request.expires
    assert any("expired at" in line for line in reconciler.once())
    assert [prefect.state_of(run) for run in (bad, good)] == ["Suspended", "Resuming"]


def edit(settings: Settings, run: UUID) -> None:
    """Change what was asked, as somebody may who owns the database."""
    engine = open_store(settings)
    with engine.begin() as connection:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        for name in names:
            connection.execute(text(f"DROP TRIGGER {name}"))
        found = {"run": str(run)}
        connection.execute(text("UPDATE ledger SET body = replace(body, 'flask', 'flusk') WHERE run = :run"), found)
    engine.dispose()
