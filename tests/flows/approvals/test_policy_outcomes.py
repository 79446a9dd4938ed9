"""One file per outcome in `tests/data/policies`: a policy, a node, who says what and when, and how the gate stands."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import Field

from agents.contract.schema import Frozen
from flows.approvals import Choice, Decision, Policy, RiskLevel, State, judge, refusal, single_user, unreachable
from flows.definition import places
from flows.definition.schema import Approval, Duration
from tests.flows.approvals.asking import OPENED, request_of, said

OUTCOMES = sorted((Path(__file__).parents[2] / "data" / "policies").glob("*.yaml"))


class Said(Frozen):
    """What somebody says, and why it is refused, if it is."""

    actor: str
    after: Duration
    choice: Choice = Choice.APPROVE
    refused: str | None = None


class Outcome(Frozen):
    """A file. `today` is the policy when people decide, where it has changed since the gate opened."""

    policy: Policy = Policy()
    single_user: str = ""
    today: Policy | None = None
    node: Approval | None = None
    risk: RiskLevel = RiskLevel.MEDIUM
    files: tuple[str, ...] = ("requirements.txt",)
    requester: str = "rita"
    author: str = "walt"
    decisions: tuple[Said, ...] = ()
    now: Duration = Field(default=12 * 3600.0)
    state: State
    text: str
    unreachable: str | None = None


@pytest.mark.parametrize("file", OUTCOMES, ids=lambda file: str(file.stem))
def test_a_gate_stands_as_the_file_says(file: Path) -> None:
    outcome = Outcome.model_validate(places.read(file.read_text(), file.name, "outcome").data)
    assert file.stem.startswith((outcome.state.value, "refused"))
    policy = single_user(outcome.single_user) if outcome.single_user else outcome.policy
    request = request_of(
        policy,
        outcome.node,
        risk=outcome.risk,
        files=outcome.files,
        requester=outcome.requester,
        author=outcome.author,
    )
    made: list[Decision] = []
    for word in outcome.decisions:
        at = OPENED + timedelta(seconds=word.after)
        assert refusal(request, word.actor, made, at, outcome.today or policy) == word.refused
        if word.refused is None:
            made.append(said(request, word.actor, word.choice, at))
    now = OPENED + timedelta(seconds=outcome.now)
    verdict = judge(request, made, now)
    assert (verdict.state, verdict.text) == (outcome.state, outcome.text)
    assert unreachable(request) == outcome.unreachable
