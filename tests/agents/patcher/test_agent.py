"""The agent as the hub sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.contract.manifest import Risk
from agents.contract.runner import describe, serve
from agents.patcher.agent import Patcher
from agents.patcher.schema import MANIFEST, PatcherReport
from tests.agents.patcher.conftest import Call, added

PARAMS = {"operation": "config-update", "changes": [{"file": "a", "content": "x"}]}


@pytest.mark.parametrize("run", [{}, {"commit": "HEAD"}, {"commit": "123"}])
def test_a_patch_needs_the_commit_it_belongs_to(tmp_path: Path, run: dict[str, str]) -> None:
    request = {"agent": "patcher", "params": PARAMS, "workspace": str(tmp_path), "run": run}
    failure = serve(Patcher(), json.dumps(request).encode()).failure
    assert failure is not None
    assert (failure.code, "run.commit" in failure.message) == ("invalid-request", True)


def test_the_manifest_asks_for_an_approval_and_nothing_else() -> None:
    assert MANIFEST.risk is Risk.APPROVAL_REQUIRED
    assert (MANIFEST.network, MANIFEST.secrets) == ((), ())
    params = json.loads(json.dumps(describe(MANIFEST)))["params"]["properties"]
    assert params.keys() == {"operation", "updates", "changes", "findings"}


def test_the_same_request_gives_the_same_report(patcher: Call) -> None:
    files = {"a.json": '{"x": 1}', "b/package.json": '{"dependencies": {"x": "1.0.0"}}'}
    params = {"operation": "dependency-update", "updates": [{"name": "x", "version": "2.0.0"}]}
    assert patcher(files, **params) == patcher(files, **params)


# What is known of the pinned packages: file → lines that the patch adds.
KNOWN: dict[str, tuple[dict[str, str], dict[str, list[str]]]] = {
    "flask": (
        {"name": "werkzeug", "version": "3.2.1"},
        {"examples/celery/requirements.txt": ["werkzeug==3.2.1"], "pyproject.toml": ['    "werkzeug>=3.2.1",']},
    ),
    "express": ({"name": "accepts", "version": "2.1.0"}, {"package.json": ['    "accepts": "^2.1.0",']}),
}


@pytest.mark.parametrize("package", KNOWN)
def test_every_real_manifest_changes_in_one_line(package: str, real_repository: Callable[[str], Path]) -> None:
    update, wanted = KNOWN[package]
    params = {"operation": "dependency-update", "updates": [update]}
    request = {"agent": "patcher", "params": params, "workspace": str(real_repository(package)), "run": {"commit": "0" * 40}}
    result = serve(Patcher(), json.dumps(request).encode())
    report = PatcherReport.model_validate_json(json.dumps(result.report))
    assert report.patch is not None
    assert report.patch.files == tuple(wanted)
    assert added(report) == [line for lines in wanted.values() for line in lines]
