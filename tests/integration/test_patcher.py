"""The patcher in its container, on real repositories; what it gives applies to the real tree."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from docker import DockerClient
from pydantic import JsonValue

from agents.contract.schema import Patch, RunInfo
from agents.patcher.schema import MANIFEST, PatcherReport
from flows.runtime import Job
from flows.runtime.docker import DockerRuntime
from flows.workspace import check_out
from flows.workspace.apply import apply
from flows.workspace.rollback import Undone, rollback
from flows.workspace.target import Signature
from tests.flows.workspace.conftest import commit, git

pytestmark = pytest.mark.engine
MIB = 1024 * 1024

UPDATE: dict[str, JsonValue] = {
    "operation": "dependency-update",
    "updates": [{"name": "werkzeug", "version": "3.2.1"}, {"name": "accepts", "version": "2.1.0"}],
}
CONFIGURE: dict[str, JsonValue] = {
    "operation": "config-update",
    "changes": [
        {"file": ".github/dependabot.yml", "content": "version: 2\n"},
        {"file": ".github/dependabot.yml", "path": ["updates", 0, "schedule"], "value": {"interval": "weekly"}},
    ],
}


Patched = Callable[[str, dict[str, JsonValue]], tuple[Path, Patch]]


@pytest.fixture
def patched(engine: DockerClient, agent_image: str, real_repository: Callable[[str], Path], tmp_path: Path) -> Patched:
    """Runs the patcher in a container over a real repository; the tree it saw, as a tar, and its patch."""

    def call(package: str, params: dict[str, JsonValue]) -> tuple[Path, Patch]:
        checkout = check_out(str(real_repository(package)), "HEAD", state_dir=tmp_path / "state", timeout=120)
        tar = tmp_path / "workspace.tar"
        checkout.write_tar(tar)
        run = RunInfo(run="r", node="fix", commit=checkout.commit)
        with DockerRuntime(engine, agent_image, str(uuid4()), 512 * MIB) as runtime:
            runtime.stage(tar)
            execution = runtime.run(Job(manifest=MANIFEST, params=params, run=run, timeout=120, log=lambda *_: None))
        assert execution.result.failure is None, execution.result.failure
        report = PatcherReport.model_validate(execution.result.report)
        assert report.patch is not None
        assert report.patch.base_commit == checkout.commit
        return tar, report.patch

    return call


@pytest.mark.parametrize(
    ("package", "params", "files"),
    [
        ("flask", UPDATE, ["examples/celery/requirements.txt", "pyproject.toml"]),
        ("express", UPDATE, ["package.json"]),
        ("express", CONFIGURE, [".github/dependabot.yml"]),
    ],
)
def test_a_patch_from_a_container_applies_and_comes_off(
    patched: Patched, tmp_path: Path, package: str, params: dict[str, JsonValue], files: list[str]
) -> None:
    tar, patch = patched(package, params)
    assert list(patch.files) == files
    subprocess.run(["tar", "-xf", tar, "--one-top-level=copy"], cwd=tmp_path, check=True)
    copy = tmp_path / "copy"
    before = content(copy)
    for options, wanted in ([], files), (["--reverse"], []):
        subprocess.run(["git", "apply", *options, "-"], cwd=copy, input=patch.diff.encode(), check=True)
        after = content(copy)
        assert sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)) == wanted


def test_a_patch_from_a_container_becomes_a_commit_that_can_be_taken_back(patched: Patched, tmp_path: Path) -> None:
    tar, patch = patched("flask", UPDATE)
    folder = tmp_path / "repository"
    subprocess.run(["tar", "-xf", tar, "--one-top-level=repository"], cwd=tmp_path, check=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    base = commit(folder, "as it was")
    who = Signature("Dockyard", "dockyard@example.org", datetime(2026, 1, 2, tzinfo=UTC))
    ours: dict[str, Any] = {"author": who, "home": tmp_path / "home", "timeout": 60}
    made = apply(
        folder, base_commit=base, expected_ref="main", diff=patch.diff, branch="dockyard/fix", message="Update", **ours
    )
    assert git(folder, "diff", "--name-only", base, made).split("\n") == list(patch.files)
    done = rollback(folder, branch="dockyard/fix", commit=made, revert_branch="dockyard/rollback/fix", message="No", **ours)
    assert done.how is Undone.DELETED
    assert git(folder, "status", "--porcelain") == ""


def content(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` that is not git's."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
