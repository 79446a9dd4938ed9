"""What a run has written is taken back by its name, once, and the ledger says by whom."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from flows.approvals import Choice, Door, Gate, Ledger, Step, single_user
from flows.errors import InvalidInputError
from flows.execution.changes import revert_branch
from flows.reports import archive
from flows.service.rollback import Rollbacks, RolledBack, Undone
from flows.settings import Settings
from flows.workspace.apply import apply
from flows.workspace.refusals import BranchInUseError
from flows.workspace.target import Signature
from tests.flows.approvals.asking import OPENED, request_of
from tests.flows.workspace.conftest import commit, git
from tests.flows.workspace.test_apply import diff_of

_PATCHER = """\
    agent: patcher
    approval: {approvers: ["user:zoe"]}
    inputs: {operation: dependency-update, updates: [{name: flask, version: "3.1"}]}
"""
WORKFLOW = f"name: weekly-maintenance\nnodes:\n  - id: one\n{_PATCHER}  - id: two\n{_PATCHER}"
POLICY = single_user("zoe")

pytestmark = pytest.mark.usefixtures("server_is_elsewhere")


@pytest.fixture
def run(ledger: Ledger, repository: Path, settings: Settings) -> UUID:
    """A run whose two changes were approved and written."""
    found = uuid4()
    archive.pin(found, archive.Pinned(text=WORKFLOW))
    for node in ("one", "two"):
        write(found, node, ledger, repository, settings)
    return found


def write(run: UUID, node: str, ledger: Ledger, repository: Path, settings: Settings, *, named: bool = False) -> None:
    """A change as a run writes it; as an older version did, where the ledger does not name the place."""
    base = git(repository, "rev-parse", "HEAD")
    diff = diff_of(repository, lambda: (repository / f"{node}.txt").write_text("new\n"))
    request = ledger.request(request_of(POLICY, run=str(run), node=node, diff=diff))
    ledger.decide(request.gate, "zoe", Choice.APPROVE, digest=request.digest, door=Door.CLI, now=OPENED, policy=POLICY)
    ledger.intend_apply(request.gate, request.digest, OPENED)
    made = apply(
        repository,
        base_commit=base,
        expected_ref="main",
        diff=diff,
        branch=branch(run, node),
        message="Fix",
        author=Signature("Dockyard", "dockyard@localhost", datetime.now(UTC)),
        home=settings.state_dir / "git",
        timeout=60,
    )
    where = {"branch": branch(run, node), "repository": str(repository)} if named else {}
    ledger.applied(request.gate, made, OPENED, **where)


def branch(run: UUID, node: str) -> str:
    """Where a run of that workflow puts the change of a node."""
    return f"dockyard/weekly-maintenance/{str(run)[:8]}-{node}"


def branches(repository: Path) -> set[str]:
    """The repository's branches."""
    return set(git(repository, "for-each-ref", "--format=%(refname:short)", "refs/heads").split("\n"))


def roll_back(settings: Settings, text: str, repository: Path, reason: str = "") -> list[RolledBack]:
    """All that is taken back, as `ann` does it."""
    rollbacks = Rollbacks(settings, pytest.fail)
    return list(rollbacks.roll_back(text, repository=str(repository), reason=reason, actor="ann"))


def gate_of(ledger: Ledger, run: UUID, node: str) -> Gate:
    """The gate of a node."""
    (found,) = [gate for gate in ledger.gates(str(run), open_only=False) if gate.request.node == node]
    return found


@pytest.mark.parametrize("length", [36, 8])
def test_every_change_of_a_run_is_taken_back_the_newest_first(
    settings: Settings, ledger: Ledger, repository: Path, run: UUID, length: int
) -> None:
    assert branches(repository) == {"main", branch(run, "one"), branch(run, "two")}
    done = roll_back(settings, str(run)[:length], repository, "it broke the build")
    assert [(undone.how, undone.branch) for undone in done] == [
        (Undone.DELETED, branch(run, "two")),
        (Undone.DELETED, branch(run, "one")),
    ]
    assert branches(repository) == {"main"}
    for node in ("one", "two"):
        found = gate_of(ledger, run, node).apply
        assert (found.step, found.by, found.reason, found.commit) == (Step.ROLLED_BACK, "ann", "it broke the build", "")


def test_the_ledger_alone_is_enough(settings: Settings, ledger: Ledger, repository: Path) -> None:
    run = uuid4()  # nothing of it is kept anywhere else, and no server answers
    write(run, "one", ledger, repository, settings, named=True)
    applied = gate_of(ledger, run, "one").apply
    assert (applied.branch, applied.repository) == (branch(run, "one"), str(repository))
    (undone,) = Rollbacks(settings, pytest.fail).roll_back(str(run), actor="ann")
    assert (undone.how, undone.branch) == (Undone.DELETED, branch(run, "one"))
    assert branches(repository) == {"main"}
    assert gate_of(ledger, run, "one").apply.step is Step.ROLLED_BACK


def test_one_gate_is_taken_back_alone(settings: Settings, ledger: Ledger, repository: Path, run: UUID) -> None:
    gate = gate_of(ledger, run, "one")
    (undone,) = roll_back(settings, gate.id[:8], repository)
    assert undone.gate.id == gate.id
    assert branches(repository) == {"main", branch(run, "two")}


def test_what_was_merged_is_reverted_on_a_branch_and_the_ledger_names_the_commit(
    settings: Settings, ledger: Ledger, repository: Path, run: UUID
) -> None:
    git(repository, "merge", "--quiet", "--no-ff", "-m", "merge", branch(run, "one"))
    gate = gate_of(ledger, run, "one")
    (undone,) = roll_back(settings, gate.id, repository)
    assert (undone.how, undone.branch, undone.onto) == (Undone.REVERTED, revert_branch(gate), "main")
    assert git(repository, "rev-parse", undone.branch) == undone.commit == gate_of(ledger, run, "one").apply.commit
    assert git(repository, "diff", "--stat", undone.branch, "main~1") == ""


def test_a_second_time_there_is_nothing_to_take_back(settings: Settings, repository: Path, run: UUID) -> None:
    roll_back(settings, str(run), repository)
    with pytest.raises(InvalidInputError, match="has nothing to take back"):
        roll_back(settings, str(run), repository)


def test_who_was_killed_before_the_ledger_knew_takes_it_back_again(
    settings: Settings, ledger: Ledger, repository: Path, run: UUID
) -> None:
    git(repository, "branch", "--quiet", "-D", branch(run, "one"))
    gate = gate_of(ledger, run, "one")
    (undone,) = roll_back(settings, gate.id, repository)
    assert undone.how is Undone.NOTHING
    assert gate_of(ledger, run, "one").apply.step is Step.ROLLED_BACK


def test_a_branch_that_moved_on_is_left_and_the_ledger_says_nothing(
    settings: Settings, ledger: Ledger, repository: Path, run: UUID
) -> None:
    git(repository, "checkout", "--quiet", branch(run, "one"))
    commit(repository, "more")
    git(repository, "checkout", "--quiet", "main")
    gate = gate_of(ledger, run, "one")
    with pytest.raises(BranchInUseError, match="has moved on"):
        roll_back(settings, gate.id, repository)
    assert gate_of(ledger, run, "one").apply.step is Step.APPLIED


def test_a_url_needs_a_folder(settings: Settings, run: UUID) -> None:
    with pytest.raises(InvalidInputError, match=r"^https://example\.org/x\.git is a URL; name the folder"):
        list(Rollbacks(settings, pytest.fail).roll_back(str(run), repository="https://example.org/x.git"))
