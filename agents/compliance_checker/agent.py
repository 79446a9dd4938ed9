"""The agent: runs the rules of the wanted scopes and puts their outcomes into one report."""

from __future__ import annotations

import pathspec

from agents.compliance_checker.rules import RULES
from agents.compliance_checker.schema import MANIFEST, ComplianceParams, ComplianceReport
from agents.contract.interface import Agent, Context
from agents.contract.schema import Summary, finish


class ComplianceChecker(Agent[ComplianceParams, ComplianceReport]):
    """Licences, secrets and security headers of one repository."""

    manifest = MANIFEST

    def run(self, params: ComplianceParams, context: Context) -> ComplianceReport:
        """Check the scopes in `params`. Raises EngineError when an engine fails."""
        workspace = context.workspace
        outcomes = [check(params, workspace) for scope, check in RULES if scope in params.scopes]
        excluded = pathspec.GitIgnoreSpec.from_lines(params.exclude)
        found = (finding for outcome in outcomes for finding in outcome.findings)
        findings = finish(item for item in found if item.file is None or not excluded.match_file(item.file))
        return ComplianceReport(
            summary=Summary.of(findings),
            findings=findings,
            notes=workspace.notes,
            files_scanned=sum(1 for _ in workspace.files(lambda name: not excluded.match_file(name))),
            license=next((outcome.license for outcome in outcomes if outcome.license), None),
            dependencies=tuple(item for outcome in outcomes for item in outcome.dependencies),
            headers=tuple(item for outcome in outcomes for item in outcome.headers),
        )
