"""The agent end to end, as the runner calls it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from agents.compliance_checker.agent import ComplianceChecker
from agents.compliance_checker.rules import RULES
from agents.compliance_checker.schema import ComplianceParams, ComplianceReport, Scope
from agents.contract.runner import serve
from agents.contract.schema import Request

TOKEN = "ghp_" + "R7kQ2xVb9LmT4sWnY1cZ8dHfJ3gP6uEaXo5i"


def request(root: Path, **params: object) -> bytes:
    body = {"agent": "compliance-checker", "params": params, "workspace": str(root)}
    return Request.model_validate_json(json.dumps(body)).model_dump_json().encode()


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("all", tuple(Scope)),
        ("licenses", (Scope.LICENSES,)),
        (["secrets", "headers"], (Scope.SECRETS, Scope.HEADERS)),
    ],
)
def test_scope_takes_all_one_or_a_list(scope: object, expected: tuple[Scope, ...]) -> None:
    assert ComplianceParams.model_validate_json(json.dumps({"scope": scope})).scopes == expected


def test_an_unknown_scope_is_refused_readably(tmp_path: Path) -> None:
    result = serve(ComplianceChecker(), request(tmp_path, scope="licence"))
    assert result.failure is not None
    assert result.failure.code == "invalid-request"
    assert "scope" in result.failure.message


def test_only_the_wanted_scope_runs(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f'TOKEN = "{TOKEN}"\n')
    result = serve(ComplianceChecker(), request(tmp_path, scope="licenses"))
    report = ComplianceReport.model_validate_json(json.dumps(result.report))
    assert {finding.rule for finding in report.findings} == {"license/missing-file"}


def test_an_empty_repository_is_answered(tmp_path: Path) -> None:
    result = serve(ComplianceChecker(), request(tmp_path))
    report = ComplianceReport.model_validate_json(json.dumps(result.report))
    assert (report.files_scanned, report.summary.total, report.dependencies) == (0, 1, ())


def test_the_process_prints_one_result_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f'TOKEN = "{TOKEN}"\n')
    done = subprocess.run(
        [sys.executable, "-m", "agents.compliance_checker"],
        input=request(tmp_path) + b"\n",
        capture_output=True,
        check=True,
    )
    report = json.loads(done.stdout)["report"]
    assert report["summary"]["critical"] == 1
    assert all(re.fullmatch(r"[0-9a-f]{32}", finding["fingerprint"]) for finding in report["findings"])
    assert TOKEN.encode() not in done.stdout + done.stderr


def test_every_rule_file_is_registered_and_tested() -> None:
    folder = Path(sys.modules[RULES[0][1].__module__].__file__ or "").parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert {check.__module__.rpartition(".")[2] for _, check in RULES} == files
