"""What one rule of the compliance-checker hands back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agents.compliance_checker.schema import ComplianceParams, Dependency, LicenseInfo, WebApp
from agents.contract.schema import Finding
from agents.contract.workspace import Workspace


@dataclass(frozen=True)
class Outcome:
    """Findings and the facts a rule adds to the report."""

    findings: tuple[Finding, ...] = ()
    license: LicenseInfo | None = None
    dependencies: tuple[Dependency, ...] = ()
    headers: tuple[WebApp, ...] = ()


Check = Callable[[ComplianceParams, Workspace], Outcome]
