"""The ledger holds what was asked and said; what may not be written is refused by name."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from datetime import datetime

import pytest
from sqlalchemy import Engine, text

from flows.approvals import (
    Choice,
    DecidedAlreadyError,
    Door,
    Due,
    Gate,
    GateChangedError,
    GateRequest,
    Ledger,
    NotAllowedError,
    Policy,
    State,
    TamperedError,
    UnknownGateError,
)
from flows.approvals.texts import MAX_TEXT
from flows.definition.schema import Approval
from flows.errors import InvalidInputError
from flows.store import GENESIS
from tests.flows.approvals.asking import HOUR, OPENED, request_of

POLICY = Policy.model_validate(
    {
        "groups": {"security": ["alice", "bob", "carol"], "leads": ["erin"]},
        "remind_after": "4h",
        "escalate": {"after": "8h", "to": "group:leads"},
    }
)
TWO = Approval(approvers=("group:security",), quorum=2)
LATER = OPENED + HOUR


@pytest.fixture
def ledger(store: Engine) -> Ledger:
    return Ledger(store)


def ask(ledger: Ledger, node: str = "fix", run: str = "run-1", **others: str) -> GateRequest:
    return ledger.request(request_of(POLICY, TWO, node=node, run=run, **others))


def say(
    ledger: Ledger,
    request: GateRequest,
    actor: str,
    choice: Choice = Choice.APPROVE,
    *,
    note: str = "",
    digest: str | None = None,
    door: Door = Door.CLI,
    now: datetime = LATER,
) -> Gate:
    seen = request.digest if digest is None else digest
    return ledger.decide(request.gate, actor, choice, note=note, digest=seen, door=door, now=now, policy=POLICY)


def kinds(ledger: Ledger) -> list[str]:
    lines = io.StringIO()
    ledger.export(lines)
    return [json.loads(line)["kind"] for line in lines.getvalue().splitlines()]


def tamper(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("DROP TRIGGER ledger_append_only ON ledger"))
        else:
            connection.execute(text("DROP TRIGGER ledger_no_update"))
        assert connection.exec_driver_sql(statement).rowcount == 1


def test_a_gate_opens_with_what_was_asked(ledger: Ledger) -> None:
    request = ask(ledger)
    gate = ledger.gate(request.gate)
    assert (gate.request, gate.digest, gate.state) == (request, request.digest, State.OPEN)
    assert gate.text == "0 of 2, waiting for group:security"


def test_asking_again_gives_what_was_stored(ledger: Ledger) -> None:
    first = ask(ledger)
    again = request_of(POLICY, TWO).model_copy(update={"opened": OPENED + HOUR, "expires": OPENED + 99 * HOUR})
    assert ledger.request(again) == first
    assert kinds(ledger) == ["requested"]


def test_a_gate_is_not_opened_for_something_else(ledger: Ledger) -> None:
    ask(ledger)
    with pytest.raises(GateChangedError, match="something else"):
        ask(ledger, diff="another")


def test_enough_different_people_close_it(ledger: Ledger) -> None:
    request = ask(ledger)
    first = say(ledger, request, "alice", note="{{ params.secret }}\nü")
    assert (first.state, first.text) == (State.OPEN, "1 of 2, waiting for group:security")
    second = say(ledger, request, "Bob", now=LATER + HOUR)
    assert (second.state, second.text, second.closed_at) == (State.APPROVED, "approved by alice, bob", LATER + HOUR)
    assert second.approvers == ("alice", "bob")
    assert second.decisions[0].note == "{{ params.secret }}\nü"
    assert ledger.gate(request.gate) == second
    assert kinds(ledger) == ["requested", "decided", "decided", "closed"]


def test_one_no_closes_it(ledger: Ledger) -> None:
    request = ask(ledger)
    say(ledger, request, "alice")
    assert say(ledger, request, "bob", Choice.REJECT).state is State.REJECTED
    with pytest.raises(NotAllowedError, match="closed: rejected by bob"):
        say(ledger, request, "carol")


@pytest.mark.parametrize(("first", "second"), [("alice", "alice"), ("alice", "ALICE"), ("Alice", "alice")])
def test_nobody_decides_twice(ledger: Ledger, first: str, second: str) -> None:
    request = ask(ledger)
    say(ledger, request, first)
    with pytest.raises(DecidedAlreadyError, match="alice has decided already: approve"):
        say(ledger, request, second, Choice.REJECT)
    assert kinds(ledger) == ["requested", "decided"]


@pytest.mark.parametrize(
    ("actor", "why"),
    [
        ("mallory", "not one of those"),
        ("rita", "asked for this run"),
        ("walt", "wrote this workflow"),
        ("erin", "not one of"),
    ],
)
def test_who_may_not_leaves_no_row(ledger: Ledger, actor: str, why: str) -> None:
    request = ask(ledger)
    with pytest.raises(NotAllowedError, match=why):
        say(ledger, request, actor)
    assert kinds(ledger) == ["requested"]


def test_the_moment_of_expiry_is_too_late(ledger: Ledger) -> None:
    request = ask(ledger)
    with pytest.raises(NotAllowedError, match="expired"):
        say(ledger, request, "alice", now=request.expires)


def test_who_saw_something_else_decides_nothing(ledger: Ledger) -> None:
    request = ask(ledger)
    with pytest.raises(GateChangedError, match="look at it again"):
        say(ledger, request, "alice", digest="0" * 64)
    assert kinds(ledger) == ["requested"]


@pytest.mark.parametrize(("actor", "door"), [("prefect-ui", Door.PAGE), ("alice", Door.PREFECT_UI)])
def test_only_prefects_page_answers_without_a_name(ledger: Ledger, actor: str, door: Door) -> None:
    request = ask(ledger)
    with pytest.raises(NotAllowedError, match="Prefect's page, and nobody else"):
        say(ledger, request, actor, door=door)


@pytest.mark.parametrize("note", ["a\x00b", "\u202e", "x" * (MAX_TEXT + 1)])
def test_a_note_that_cannot_be_kept_is_refused(ledger: Ledger, note: str) -> None:
    request = ask(ledger)
    with pytest.raises(InvalidInputError, match="note"):
        say(ledger, request, "alice", note=note)


def test_a_gate_is_found_by_the_beginning_of_its_id(ledger: Ledger) -> None:
    requests = [ask(ledger, node=f"n{number}") for number in range(20)]
    one = requests[0].gate
    assert ledger.gate(one[:12].upper()).id == one
    ((shared, _),) = Counter(request.gate[0] for request in requests).most_common(1)
    with pytest.raises(UnknownGateError, match="begins several gates"):
        ledger.gate(shared)


@pytest.mark.parametrize("name", ["", "zzz", "%", "_", "0" * 36, "x" * 5000])
def test_a_gate_that_there_is_not_is_said(ledger: Ledger, name: str) -> None:
    ask(ledger)
    with pytest.raises(UnknownGateError, match="there is no gate"):
        ledger.gate(name)


def test_gates_are_listed_by_run_and_while_they_are_open(ledger: Ledger) -> None:
    one, two = ask(ledger, "a"), ask(ledger, "b")
    other = ask(ledger, "a", run="run-2")
    say(ledger, one, "alice", Choice.REJECT)
    assert [gate.id for gate in ledger.gates()] == [two.gate, other.gate]
    assert [gate.id for gate in ledger.gates("run-1", open_only=False)] == [one.gate, two.gate]
    assert ledger.gates("run-3") == ()


def test_gates_whose_time_is_over_are_closed_once(ledger: Ledger) -> None:
    request = ask(ledger)
    say(ledger, request, "alice")
    assert ledger.expire(request.expires - HOUR) == ()
    (gate,) = ledger.expire(request.expires)
    assert (gate.id, gate.state, gate.text) == (request.gate, State.EXPIRED, "expired at 2026-03-03 09:00 UTC")
    assert ledger.expire(request.expires) == ()


def test_people_are_reminded_and_others_asked_once_each(ledger: Ledger) -> None:
    request = ask(ledger)
    assert ledger.notify(OPENED + 3 * HOUR) == ()
    (reminder,) = ledger.notify(OPENED + 4 * HOUR)
    assert (reminder.due, reminder.to, reminder.gate.id) == (Due.REMIND, ("group:security",), request.gate)
    assert ledger.notify(OPENED + 5 * HOUR) == ()
    (escalation,) = ledger.notify(OPENED + 8 * HOUR)
    assert (escalation.due, escalation.to) == (Due.ESCALATE, ("group:leads",))
    assert ledger.gate(request.gate).notices == (Due.REMIND, Due.ESCALATE)
    assert say(ledger, request, "erin", now=OPENED + 9 * HOUR).approvers == ("erin",)
    assert ledger.notify(OPENED + 9 * HOUR) == ()


def test_a_gate_that_nobody_needs_any_more_is_closed(ledger: Ledger) -> None:
    request = ask(ledger)
    gate = ledger.supersede(request.gate, "the run was cancelled", LATER)
    assert (gate.state, gate.text) == (State.SUPERSEDED, "the run was cancelled")
    with pytest.raises(NotAllowedError, match="closed: the run was cancelled"):
        say(ledger, request, "alice")
    with pytest.raises(NotAllowedError, match="closed"):
        ledger.supersede(request.gate, "again", LATER)


EDITS = {
    "the diff": "UPDATE ledger SET body = replace(body, 'flask==3.1', 'flask==6.6') WHERE seq = 1",
    "the quorum": "UPDATE ledger SET body = replace(body, '\"quorum\":2', '\"quorum\":1') WHERE seq = 1",
    "a decision": "UPDATE ledger SET body = replace(body, 'reject', 'approve') WHERE seq = 2",
    "who decided": "UPDATE ledger SET actor = 'carol' WHERE seq = 2",
    "no JSON": "UPDATE ledger SET body = 'x' WHERE seq = 2",
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_row_edited_in_the_database_is_named_and_nothing_follows_from_it(store: Engine, edit: str) -> None:
    ledger = Ledger(store)
    policy = POLICY.model_copy(update={"rules": ()})
    request = ledger.request(request_of(policy, TWO).model_copy(update={"requirement": _two_noes(policy)}))
    say(ledger, request, "alice", Choice.REJECT)
    assert ledger.verify() is None
    tamper(store, EDITS[edit])
    seq = 1 if "seq = 1" in EDITS[edit] else 2
    broken = ledger.verify()
    assert broken is not None
    assert broken.seq == seq
    with pytest.raises(TamperedError, match=f"row {seq} of the ledger was changed"):
        say(ledger, request, "bob")


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE ledger SET body = replace(body, 'flask==3.1', 'flask==6.6') WHERE seq = 1",
        "UPDATE ledger SET kind = 'nonsense' WHERE seq = 1",
        "UPDATE ledger SET at = 'yesterday' WHERE seq = 1",
        "UPDATE ledger SET body = CAST(x'ff00' AS TEXT) WHERE seq = 1",
        "UPDATE ledger SET body = x'ff00' WHERE seq = 1",
        "UPDATE ledger SET gate = 'f' WHERE seq = 1",
        "UPDATE ledger SET run = x'ff00' WHERE seq = 1",
    ],
)
def test_a_gate_that_was_edited_is_named_and_the_others_go_on(store: Engine, edit: str) -> None:
    if store.dialect.name == "postgresql" and "x'" in edit:
        pytest.skip("PostgreSQL keeps nothing but text in a column of text")
    ledger = Ledger(store)
    bad, good, other = ask(ledger, "one"), ask(ledger, "two"), ask(ledger, "three", run="run-2")
    tamper(store, edit)
    found = ledger.survey()
    assert [gate.id for gate in found.gates] == [good.gate, other.gate]
    (broken,) = found.broken
    assert (broken.id, broken.row) == ("f" if "gate =" in edit else bad.gate, 1)
    assert "row 1 of the ledger was changed" in broken.why
    assert "`dockyard ledger verify`" in broken.why
    assert ledger.gates() == found.gates
    assert say(ledger, good, "alice").state is State.OPEN
    assert {notice.gate.id for notice in ledger.notify(OPENED + 4 * HOUR)} == {good.gate, other.gate}
    assert {gate.id for gate in ledger.expire(good.expires)} == {good.gate, other.gate}
    assert kinds_of(store, bad.gate) == set()


def kinds_of(store: Engine, gate: str) -> set[str]:
    with store.begin() as connection:
        chosen = text("SELECT kind FROM ledger WHERE gate = :gate AND seq > 1")
        return set(connection.execute(chosen, {"gate": gate}).scalars())


def _two_noes(policy: Policy) -> object:
    return request_of(policy, TWO).requirement.model_copy(update={"reject_quorum": 2})


def test_a_request_exchanged_together_with_its_hash_does_not_fit_its_digest(store: Engine) -> None:
    ledger = Ledger(store)
    request = ask(ledger)
    with store.begin() as connection:
        row = dict(connection.execute(text("SELECT * FROM ledger")).mappings().one())
    row["body"] = row["body"].replace("flask==3.1", "flask==6.6")
    plain = {key: value for key, value in row.items() if key != "hash"}
    line = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    row["hash"] = hashlib.sha256(line.encode()).hexdigest()
    tamper(store, f"UPDATE ledger SET body = '{row['body']}', hash = '{row['hash']}'")  # noqa: S608 - the attacker writes it
    with pytest.raises(TamperedError, match="does not hash to its digest"):
        say(ledger, request, "alice")


def test_what_was_noted_elsewhere_shows_an_end_that_was_cut_off(store: Engine) -> None:
    ledger = Ledger(store)
    assert ledger.mark() is None
    request = ask(ledger)
    say(ledger, request, "alice", Choice.REJECT)
    noted = ledger.mark()
    assert noted is not None
    assert (noted.seq, ledger.verify(noted)) == (3, None)
    with store.begin() as connection:
        trigger = "ledger_append_only ON ledger" if store.dialect.name == "postgresql" else "ledger_no_delete"
        connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.execute(text("DELETE FROM ledger WHERE seq = 3"))
    assert ledger.verify() is None
    broken = ledger.verify(noted)
    assert broken is not None
    assert (broken.seq, "cut off" in broken.why) == (3, True)
    ask(ledger, node="another")
    again = ledger.verify(noted)
    assert again is not None
    assert "written anew" in again.why


def test_the_export_is_enough_to_check_the_chain_without_us(ledger: Ledger) -> None:
    say(ledger, ask(ledger), "alice", Choice.REJECT, note="nö")
    stream = io.StringIO()
    assert ledger.export(stream) == 3
    before = GENESIS
    for number, line in enumerate(stream.getvalue().splitlines(), start=1):
        row = json.loads(line)
        claimed = row.pop("hash")
        text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert (row["seq"], row["previous"], hashlib.sha256(text.encode()).hexdigest()) == (number, before, claimed)
        before = claimed
