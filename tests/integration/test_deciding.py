"""Runs that wait for whoever works alone, decided on the command line: at the prompt, and where there is no terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from flows.approvals import Ledger, Step
from flows.service.deployments import FROM_FILE, ensure_pool
from flows.settings import ROOT, local_person, settings
from flows.store import open_store
from tests.flows.workspace.conftest import git
from tests.integration.conftest import Workers, free_port, until
from tests.integration.yard import leave_to_others
from tests.terminal import at_terminal
from ui.cli.errors import Exit
from ui.cli.main import app

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

pytestmark = pytest.mark.prefect

WORKFLOW = """\
name: gated
nodes:
  - id: fix
    agent: patcher
    approval: {approvers: ["user:%s"], expires: 1h}
    inputs: {operation: dependency-update, updates: [{name: lodash, version: 4.17.21}]}
"""


@pytest.fixture(scope="module")
def state(workers: Workers, prefect_client: SyncPrefectClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of somebody who works alone, with a worker over it."""
    folder = tmp_path_factory.mktemp("deciding")
    with pytest.MonkeyPatch.context() as patch:
        pool = f"alone-{uuid4().hex[:8]}"
        patch.setenv("DOCKYARD_STATE_DIR", str(folder / "state"))
        patch.setenv("DOCKYARD_WORK_POOL", pool)
        patch.setenv("DOCKYARD_APPROVAL_GRACE", "2")
        settings.cache_clear()
        ensure_pool(prefect_client, settings())
        leave_to_others(prefect_client, settings(), FROM_FILE)
        (folder / "gated.yaml").write_text(WORKFLOW % local_person(), encoding="utf-8")
        with workers.start(pool, pool, "--type", "dockyard"):
            yield folder
    settings.cache_clear()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "main", folder], check=True)
    (folder / "package.json").write_text('{"dependencies": {"lodash": "^4.17.20"}}\n', encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "start")
    return folder


def dockyard(*arguments: str | Path) -> Result:
    """Run the command in this process, without a terminal."""
    return CliRunner(env={"NO_COLOR": "1", "TERM": "dumb"}).invoke(app, [str(argument) for argument in arguments])


KEPT = "refs/dockyard/runs"


def kept(state: Path) -> list[str]:
    """What the mirrors keep for runs that are not over."""
    mirrors = [found for found in (state / "state" / "mirrors").iterdir() if found.is_dir()]
    return [ref for mirror in mirrors for ref in git(mirror, "for-each-ref", "--format=%(refname)", KEPT).split()]


def run_and_wait(state: Path, repository: Path) -> tuple[str | Path, ...]:
    """What starts the run and follows it."""
    return ("run", state / "gated.yaml", "--repository", repository, "--runtime", "local", "--wait")


def test_without_a_terminal_it_says_what_waits_and_how_to_decide_and_the_run_goes_on_afterwards(
    state: Path, repository: Path, prefect_client: SyncPrefectClient
) -> None:
    done = dockyard(*run_and_wait(state, repository))
    assert done.exit_code == Exit.WAITING, done.output
    (gate,) = Ledger(open_store(settings())).gates()
    assert (
        f"  gate {gate.id[:8]}, node fix: 0 of 1, waiting for user:{local_person()}; `dockyard approvals show" in done.stderr
    )
    state_of = lambda: prefect_client.read_flow_run(gate.request.run).state_name  # type: ignore[arg-type] # noqa: E731
    until(lambda: state_of() == "Suspended", "the run holds no process", seconds=60)
    assert kept(state) == [f"{KEPT}/{gate.request.run}"]
    decided = dockyard("approvals", "approve", gate.id[:8], "--note", "fine", "--digest", gate.digest[:12])
    assert (decided.exit_code, decided.stderr) == (0, "")
    until(lambda: state_of() == "Completed", "the run goes on and ends", seconds=60)
    assert kept(state) == []
    branch = f"dockyard/gated/{gate.request.run[:8]}"
    assert "4.17.21" in git(repository, "show", f"{branch}:package.json")
    back = dockyard("rollback", gate.request.run[:8], "--reason", "too soon")
    assert (back.exit_code, back.stdout) == (0, f"The branch {branch} is deleted.\n"), back.output
    after = Ledger(open_store(settings())).gate(gate.id).apply
    assert (after.step, after.by, after.reason) == (Step.ROLLED_BACK, local_person(), "too soon")


def test_at_a_terminal_it_asks_and_goes_on_after_a_yes(state: Path, repository: Path) -> None:
    answers = {"approve, reject or later?": "approve", "Note": "fine"}
    status, seen = at_terminal(*run_and_wait(state, repository), answers=answers)
    assert status == 0, seen
    assert seen.index('+{"dependencies": {"lodash": "^4.17.21"}}') < seen.index("approve, reject or later?")
    assert "dockyard/gated/" in git(repository, "branch", "--list", "dockyard/*")


def test_at_a_terminal_a_no_ends_it_with_5_and_the_reason(state: Path, repository: Path) -> None:
    answers = {"approve, reject or later?": "reject", "Note": "not on a Friday"}
    status, seen = at_terminal(*run_and_wait(state, repository), answers=answers)
    assert status == Exit.REJECTED, seen
    assert f"dockyard: fix: rejected by {local_person()}" in seen
    assert git(repository, "branch", "--list", "dockyard/*") == ""


def test_at_a_terminal_later_leaves_the_run_waiting(state: Path, repository: Path) -> None:
    status, seen = at_terminal(*run_and_wait(state, repository), answers={"approve, reject or later?": "later"})
    assert status == Exit.WAITING, seen
    assert "waiting for user:" in seen


def test_at_a_terminal_without_a_server_it_starts_one_and_asks(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(("PREFECT_", "DOCKYARD_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DOCKYARD_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKYARD_SERVER_PORT", str(free_port()))
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "home"))
    file = tmp_path / "gated.yaml"
    file.write_text(WORKFLOW % local_person(), encoding="utf-8")
    try:
        status, seen = at_terminal(
            "run", file, "--repository", repository, "--runtime", "local",
            answers={"approve, reject or later?": "approve", "Note": "fine"}, seconds=400,
        )  # fmt: skip
    finally:
        subprocess.run([sys.executable, "-m", "ui.cli.main", "down"], cwd=ROOT, check=True, timeout=120)
    assert status == 0, seen
    assert "Starting the local Prefect server" in seen
    assert seen.index('+{"dependencies": {"lodash": "^4.17.21"}}') < seen.index("approve, reject or later?")
    assert "dockyard/gated/" in git(repository, "branch", "--list", "dockyard/*")
