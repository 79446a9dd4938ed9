"""Requests as the tests ask them, at a gate that opens on a Monday at 9:00 in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from flows.approvals import Choice, Decision, Door, GateRequest, Policy, RiskLevel, deadlines, requirement
from flows.definition.schema import Approval

OPENED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DIFF = "--- a/requirements.txt\n+++ b/requirements.txt\n@@ -1 +1 @@\n-flask==2.0\n+flask==3.1\n"


def request_of(
    policy: Policy,
    approval: Approval | None = None,
    *,
    risk: RiskLevel = RiskLevel.MEDIUM,
    files: Sequence[str] = ("requirements.txt",),
    requester: str = "rita",
    author: str = "walt",
    run: str = "run-1",
    node: str = "fix",
    step: str = "",
    diff: str = DIFF,
    why: str = "Flask 2.0 has a known hole.",
) -> GateRequest:
    """A request as the hub puts it together."""
    times = deadlines(policy, OPENED, approval)
    return GateRequest(
        run=run,
        workflow="weekly-maintenance",
        node=node,
        step=step,
        agent="patcher",
        why=why,
        requester=requester,
        author=author,
        risk=risk,
        files=tuple(files),
        plan={"operation": "dependency-update", "packages": [{"name": "flask", "from": "2.0", "to": "3.1"}]},
        diff=diff,
        base_commit="a" * 40,
        image="sha256:1234",
        policy_version=policy.version,
        requirement=requirement(policy, approval, risk, files),
        opened=OPENED,
        expires=times.expires,
        remind=times.remind,
        escalate=times.escalate,
    )


def said(request: GateRequest, actor: str, choice: Choice = Choice.APPROVE, at: datetime = OPENED + HOUR) -> Decision:
    """A decision on that very request."""
    door = Door.PREFECT_UI if actor == "prefect-ui" else Door.CLI
    return Decision(actor=actor, choice=choice, digest=request.digest, door=door, at=at)
