"""Secrets in the repository's files, by the secrets engine."""

from __future__ import annotations

from agents.compliance_checker.outcome import Outcome
from agents.compliance_checker.schema import ComplianceParams
from agents.contract.workspace import Workspace
from agents.engines import secrets


def check(params: ComplianceParams, workspace: Workspace) -> Outcome:
    """Every secret the engine is sure enough of, redacted."""
    return Outcome(findings=tuple(secrets.scan(workspace, exclude=params.exclude)))
