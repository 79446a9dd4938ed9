"""What was approved and what the run holds of it are two things: only the first is ever on a branch, whoever was killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.contract.schema import Finding, Patch, Severity
from flows.approvals import Choice, Door, Gate, Ledger, Step, single_user
from flows.definition.status import NodeStatus
from flows.errors import NodeFailedError
from flows.execution.changes import Changes, Destination, fixes_of, plan_of
from flows.reports.schema import NodeReport
from flows.settings import Settings
from tests.flows.approvals.asking import OPENED, request_of
from tests.flows.workspace.conftest import git
from tests.flows.workspace.test_apply import diff_of

pytestmark = pytest.mark.usefixtures("server_is_elsewhere")

POLICY = single_user("zoe")
RUN = "5f0c3f0a-93a5-4d5c-9d8e-0d6a4c7c1f11"
BRANCH = "dockyard/weekly-maintenance/5f0c3f0a"


@pytest.fixture
def changes(ledger: Ledger, repository: Path, settings: Settings) -> Changes:
    """Writes to the repository, whose HEAD is `main`."""
    where = Destination(str(repository), "main", git(repository, "rev-parse", "HEAD"), settings.state_dir / "git", 60.0)
    return Changes(ledger, where, lambda _agent: "sha256:1234", lambda _key: BRANCH)


@pytest.fixture
def planned(repository: Path) -> NodeReport:
    """What the agent planned."""
    diff = diff_of(repository, lambda: (repository / "new.txt").write_text("new\n"))
    base = git(repository, "rev-parse", "HEAD")
    patch = Patch(diff=diff, base_commit=base, files=("new.txt",))
    report = {"operation": "config-update", "explanation": "It is new.", "patch": patch.model_dump(mode="json")}
    return NodeReport(node="fix", agent="patcher", version="1", status=NodeStatus.COMPLETED, report=report)


@pytest.fixture
def gate(ledger: Ledger, changes: Changes, planned: NodeReport) -> Gate:
    """The gate that lets it through."""
    subject = changes.subject(planned, POLICY.version)
    asked = request_of(POLICY, run=RUN, diff=subject.diff)
    asked = asked.model_copy(update={"plan": plan_of(planned), "base_commit": subject.base_commit, "image": subject.image})
    request = ledger.request(asked)
    return ledger.decide(
        request.gate, "zoe", Choice.APPROVE, digest=request.digest, door=Door.CLI, now=OPENED, policy=POLICY
    )


def forged(planned: NodeReport) -> NodeReport:
    """The plan as somebody would have it."""
    return planned.model_copy(update={"report": {**(planned.report or {}), "explanation": "It is old."}})


def killed_before_the_ledger_knew(changes: Changes, gate: Gate, planned: NodeReport, ledger: Ledger) -> Gate:
    """Write it as far as to the branch."""

    class Mortal(Ledger):
        def applied(self, *_: object, **_named: object) -> Gate:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Changes(Mortal(ledger._engine), changes.destination, changes.image, changes.branch).write(gate, planned)
    return ledger.gate(gate.id)


def test_a_plan_that_changed_before_anything_was_written_is_refused(
    changes: Changes, gate: Gate, planned: NodeReport, ledger: Ledger, repository: Path
) -> None:
    with pytest.raises(NodeFailedError, match=r"nothing was written: .*: plan$"):
        changes.write(gate, forged(planned))
    assert ledger.gate(gate.id).apply.step is Step.REFUSED
    assert git(repository, "branch", "--list", BRANCH) == ""


def test_a_plan_that_changed_after_it_was_written_leaves_the_branch_and_the_ledger_knows_of_it(
    changes: Changes, gate: Gate, planned: NodeReport, ledger: Ledger, repository: Path
) -> None:
    again = killed_before_the_ledger_knew(changes, gate, planned, ledger)
    assert again.apply.step is Step.INTENDED
    made = git(repository, "rev-parse", BRANCH)
    with pytest.raises(NodeFailedError, match=rf"the change is on {BRANCH} as it was approved.*\(plan\)"):
        changes.write(again, forged(planned))
    after = ledger.gate(gate.id).apply
    assert (after.step, after.commit) == (Step.APPLIED, made)
    assert git(repository, "rev-parse", BRANCH) == made


def test_anothers_branch_of_that_name_is_not_taken_for_the_change(
    changes: Changes, gate: Gate, planned: NodeReport, ledger: Ledger, repository: Path
) -> None:
    ledger.intend_apply(gate.id, gate.digest, OPENED)
    git(repository, "branch", BRANCH)
    with pytest.raises(NodeFailedError, match="nothing was written"):
        changes.write(ledger.gate(gate.id), forged(planned))
    assert ledger.gate(gate.id).apply.step is Step.REFUSED
    assert git(repository, "rev-parse", BRANCH) == git(repository, "rev-parse", "main")


def test_the_very_same_again_after_a_kill_is_found_and_noted(
    changes: Changes, gate: Gate, planned: NodeReport, ledger: Ledger, repository: Path
) -> None:
    again = killed_before_the_ledger_knew(changes, gate, planned, ledger)
    made = git(repository, "rev-parse", BRANCH)
    report = changes.write(again, planned)
    assert (report.report or {})["applied"]["commit"] == made == ledger.gate(gate.id).apply.commit


HOLE = Finding(rule="dependencies/hole", severity=Severity.ERROR, message="flask is old", file="new.txt", line=1)
ELSEWHERE = HOLE.model_copy(update={"file": "other.txt"})


def fixing(planned: NodeReport, *findings: Finding) -> NodeReport:
    said = [finding.model_dump(mode="json") for finding in findings]
    return planned.model_copy(update={"report": {**(planned.report or {}), "fixes": said}})


def test_what_would_be_fixed_is_what_the_agent_was_given_and_says_in_files_that_change(planned: NodeReport) -> None:
    given = {"findings": [{key: value for key, value in HOLE.model_dump(mode="json").items() if value}]}
    given["findings"].append(ELSEWHERE.model_dump(mode="json"))
    assert fixes_of(fixing(planned, HOLE, HOLE, ELSEWHERE), given, ("new.txt",)) == (HOLE,)
    assert fixes_of(planned, given, ("new.txt",)) == ()


@pytest.mark.parametrize("given", [{}, {"findings": [ELSEWHERE.model_dump(mode="json")]}])
def test_a_report_that_fixes_what_it_was_not_given_is_refused(planned: NodeReport, given: dict[str, Any]) -> None:
    with pytest.raises(NodeFailedError, match="not given, such as dependencies/hole"):
        fixes_of(fixing(planned, HOLE), given, ("new.txt",))


def test_a_report_whose_fixes_are_no_findings_is_refused(planned: NodeReport) -> None:
    broken = planned.model_copy(update={"report": {**(planned.report or {}), "fixes": ["all"]}})
    with pytest.raises(NodeFailedError, match="no list of findings"):
        fixes_of(broken, {}, ("new.txt",))
