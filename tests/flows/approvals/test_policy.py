"""Risk, deadlines, and what is due while a gate waits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agents.contract.manifest import Risk
from flows.approvals import Due, Policy, RiskLevel, deadlines, due, requirement, risk_of
from flows.definition.schema import Approval
from tests.flows.approvals.asking import HOUR, OPENED, request_of

PATIENT = Policy.model_validate(
    {"approvers": "user:alice", "remind_after": "4h", "escalate": {"after": "8h", "to": "user:erin"}}
)


@pytest.mark.parametrize(
    ("manifest", "files", "level"),
    [
        (Risk.AUTO, [], RiskLevel.LOW),
        (Risk.AUTO, ["README.md"], RiskLevel.LOW),
        (Risk.APPROVAL_REQUIRED, ["README.md"], RiskLevel.MEDIUM),
        (Risk.APPROVAL_REQUIRED, ["README.md", ".github/workflows/ci.yml"], RiskLevel.HIGH),
        (Risk.APPROVAL_REQUIRED, ["web/.github/workflows/ci.yml"], RiskLevel.MEDIUM),
        (Risk.AUTO, ["Jenkinsfile"], RiskLevel.HIGH),
        (Risk.APPROVAL_REQUIRED, ["docs/Jenkinsfile"], RiskLevel.MEDIUM),
    ],
)
def test_risk_follows_from_the_agent_and_the_files(manifest: Risk, files: list[str], level: RiskLevel) -> None:
    assert risk_of(manifest, files, Policy()) is level


def test_a_policy_names_its_own_files_of_high_risk() -> None:
    policy = Policy(high_risk=("infrastructure/",))
    assert risk_of(Risk.AUTO, ["infrastructure/a/b.tf"], policy) is RiskLevel.HIGH
    assert risk_of(Risk.AUTO, [".github/workflows/ci.yml"], policy) is RiskLevel.LOW


def test_the_strictest_of_all_rules_holds() -> None:
    policy = Policy.model_validate(
        {
            "groups": {"red": ["alice"], "blue": ["bob"]},
            "rules": [
                {"quorum": 2, "reject_quorum": 3},
                {"risk": "high", "approvers": "group:red", "reject_quorum": 2},
                {"paths": "*.tf", "approvers": "group:blue", "quorum": 3},
                {"risk": "low", "quorum": 9},
            ],
        }
    )
    found = requirement(policy, Approval(approvers=("user:carol",)), RiskLevel.HIGH, ["a/b.tf"])
    assert [(clause.approvers, clause.quorum, clause.by_path) for clause in found.clauses] == [
        (("user:carol",), 1, False),
        (("group:red",), 1, False),
        (("group:blue",), 3, True),
    ]
    assert (found.quorum, found.reject_quorum) == (3, 2)
    assert found.members == {"user:carol": ("carol",), "group:red": ("alice",), "group:blue": ("bob",)}


def test_without_a_word_on_it_a_gate_is_open_for_a_day() -> None:
    times = deadlines(Policy(), OPENED, None)
    assert (times.expires - OPENED, times.remind, times.escalate) == (24 * HOUR, None, None)


def test_what_would_come_too_late_does_not_come() -> None:
    times = deadlines(PATIENT, OPENED, Approval(approvers=("user:alice",), expires=8 * 3600))
    assert (times.remind, times.escalate) == (OPENED + 4 * HOUR, None)


@pytest.mark.parametrize(
    ("after", "done", "wanted"),
    [
        (4 * HOUR - timedelta(microseconds=1), [], []),
        (4 * HOUR, [], [Due.REMIND]),
        (5 * HOUR, [Due.REMIND], []),
        (8 * HOUR, [Due.REMIND], [Due.ESCALATE]),
        (9 * HOUR, [], [Due.REMIND, Due.ESCALATE]),
        (9 * HOUR, [Due.ESCALATE], []),
        (24 * HOUR, [], []),
    ],
)
def test_reminder_and_escalation_come_once_each(after: timedelta, done: list[Due], wanted: list[Due]) -> None:
    assert list(due(request_of(PATIENT), done, OPENED + after)) == wanted
