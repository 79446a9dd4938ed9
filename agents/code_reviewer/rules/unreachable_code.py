"""A statement that can never run, because the one before it leaves the block (Python, JavaScript, TypeScript).

The syntax trees decide: pattern engines take hoisted functions and empty generators for dead code.
"""

from __future__ import annotations

from collections.abc import Iterator

from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.rules.interface import Rule
from agents.code_reviewer.schema import CodeReviewParams, Scope
from agents.contract.schema import Finding, Severity


class UnreachableCode(Rule):
    """Warning, once for each block."""

    id = "bugs/unreachable-code"
    scope = Scope.BUGS

    def check(self, figures: FileFigures, params: CodeReviewParams) -> Iterator[Finding]:  # noqa: ARG002 — no threshold
        for line in figures.unreachable:
            yield Finding(
                rule=self.id,
                severity=Severity.WARNING,
                message="This can never run: the statement before it leaves the block.",
                file=figures.file,
                line=line,
                remediation="Remove it, or the statement before it.",
                cwe="CWE-561",
            )
