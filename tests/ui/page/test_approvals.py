"""What a visitor sees before a gate and what comes of deciding, without a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flows.approvals import Choice, Door, GateRequest, Ledger
from flows.errors import InvalidInputError
from flows.settings import Settings
from flows.store import open_store
from tests.ui.page.test_diff import git
from ui.page.approvals import Desk, Seen, Which
from ui.page.diff import PAGE_LINES
from ui.page.visitor import Visitor

Opened = Callable[..., GateRequest]
ALICE = Visitor(name="alice", may_decide=True)


def decisions(settings: Settings, request: GateRequest) -> list[tuple[str, Choice, Door]]:
    gate = Ledger(open_store(settings)).gate(request.gate)
    return [(said.actor, said.choice, said.door) for said in gate.decisions]


def test_a_person_sees_what_waits_for_that_person(settings: Settings, opened: Opened) -> None:
    first, second = opened(node="one"), opened(node="two")
    assert [gate for _, gate in Desk(settings, ALICE).list(Which.MINE).choices] == [first.gate, second.gate]
    rita = Desk(settings, Visitor(name="rita", may_decide=True))
    assert rita.list(Which.MINE).choices == ()
    assert "Nothing waits for you" in rita.list(Which.MINE).said
    assert len(rita.list(Which.OPEN).choices) == 2


def test_a_decision_is_about_what_was_displayed(settings: Settings, opened: Opened) -> None:
    request = opened()
    said, shown = Desk(settings, ALICE).decide(Seen(gate=request.gate, digest="0" * 64), Choice.APPROVE, "")
    assert "Nothing was written" in said
    assert decisions(settings, request) == []
    assert shown is not None
    assert shown.seen.digest == request.digest


def test_an_approval_is_kept_and_said_though_no_run_can_be_told(settings: Settings, opened: Opened) -> None:
    request = opened()
    desk = Desk(settings, ALICE)
    said, shown = desk.decide(desk.show(request.gate).seen, Choice.APPROVE, "Tests are green")
    assert "Your approve is recorded" in said
    assert "the run could not be told" in said
    assert decisions(settings, request) == [("alice", Choice.APPROVE, Door.PAGE)]
    assert shown is not None
    assert shown.refusal == "alice has decided already: approve"


def test_the_second_click_writes_nothing(settings: Settings, opened: Opened) -> None:
    request = opened()
    desk = Desk(settings, ALICE)
    seen = desk.show(request.gate).seen
    desk.decide(seen, Choice.REJECT, "")
    said, _ = Desk(settings, ALICE).decide(seen, Choice.APPROVE, "")
    assert "Nothing was written: " in said
    assert decisions(settings, request) == [("alice", Choice.REJECT, Door.PAGE)]


@pytest.mark.parametrize(
    ("visitor", "reason"),
    [
        (Visitor(name="rita", may_decide=True), "rita asked for this run and may not decide about it"),
        (Visitor(name="walt", may_decide=True), "walt wrote this workflow and may not decide about it"),
        (Visitor(name="zoe", may_decide=True), "zoe"),
        (Visitor(name="bob"), "bob may look but not decide"),
    ],
)
def test_who_may_not_decide_reads_why(settings: Settings, opened: Opened, visitor: Visitor, reason: str) -> None:
    request = opened()
    desk = Desk(settings, visitor)
    shown = desk.show(request.gate)
    assert shown.refusal is not None
    assert reason in shown.refusal
    said, _ = desk.decide(shown.seen, Choice.APPROVE, "")  # the button was disabled; the event came all the same
    assert 'role="alert"' in said
    assert reason in said
    assert decisions(settings, request) == []


def test_all_that_an_approver_must_know_is_shown(settings: Settings, opened: Opened) -> None:
    request = opened(diff=git("a.py", PAGE_LINES * 2), why="Because <b>bold</b>")
    shown = Desk(settings, ALICE).show(request.gate)
    for part in ("rita", "walt", request.digest, request.base_commit, "weekly-maintenance: fix", "23 h 59 min", "0 of 1"):
        assert part in shown.facts, part
    assert "Because &lt;b&gt;bold&lt;/b&gt;" in shown.facts
    assert [label for label, _ in shown.labels] == ["1 of 3: a.py", "2 of 3: a.py", "3 of 3: a.py"]
    assert "new 0<" in shown.page(0)
    assert shown.page(99) == shown.page(2)


def test_an_unknown_gate_is_a_sentence(settings: Settings) -> None:
    with pytest.raises(InvalidInputError, match="gate"):
        Desk(settings, ALICE).show("0123abcd")
