"""A key written twice in one dictionary or object: the earlier value is lost (Python, JavaScript, TypeScript)."""

from __future__ import annotations

from collections.abc import Iterator

from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.rules.interface import Rule
from agents.code_reviewer.schema import CodeReviewParams, Scope
from agents.contract.schema import Finding, Severity


class RepeatedKeys(Rule):
    """Error where the values differ, info where both are the same."""

    id = "bugs/repeated-key"
    scope = Scope.BUGS

    def check(self, figures: FileFigures, params: CodeReviewParams) -> Iterator[Finding]:  # noqa: ARG002 — no threshold
        for repeated in figures.repeated_keys:
            effect = "both values are the same" if repeated.harmless else "this value replaces the earlier one"
            yield Finding(
                rule=self.id,
                severity=Severity.INFO if repeated.harmless else Severity.ERROR,
                message=f"The key {repeated.key} stands twice in this literal: {effect}.",
                file=figures.file,
                line=repeated.line,
                remediation="Remove one of the two, or correct the key.",
                cwe="CWE-462",
            )
