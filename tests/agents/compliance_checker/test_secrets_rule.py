"""The rule that hands on what the secrets engine finds."""

from __future__ import annotations

from pathlib import Path

from agents.compliance_checker.rules import secrets
from agents.compliance_checker.schema import ComplianceParams
from agents.contract.workspace import Workspace

TOKEN = "ghp_" + "R7kQ2xVb9LmT4sWnY1cZ8dHfJ3gP6uEaXo5i"


def test_findings_of_the_engine_arrive_and_exclude_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f'TOKEN = "{TOKEN}"\n')
    (tmp_path / "b.py").write_text(f'TOKEN = "{TOKEN}"\n')
    outcome = secrets.check(ComplianceParams(exclude=("b.py",)), Workspace(tmp_path))
    assert [(finding.file, finding.rule) for finding in outcome.findings] == [("a.py", "secrets/github-pat")]
