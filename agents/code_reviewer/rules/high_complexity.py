"""A function with so many ways through it that it is hard to understand and to test.

The measure is McCabe's cyclomatic complexity, 1 + decision points (IEEE TSE SE-2(4), 1976). 10 to 15 is
the usual limit; above 50 a function counts as untestable (SEI, C4 Software Technology Reference Guide).
"""

from __future__ import annotations

from collections.abc import Iterator

from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.rules.interface import Rule
from agents.code_reviewer.schema import CodeReviewParams, Scope
from agents.contract.schema import Finding, Severity


class HighComplexity(Rule):
    """Warning above `max_complexity`, error above `error_complexity`."""

    id = "complexity/high-complexity"
    scope = Scope.COMPLEXITY

    def check(self, figures: FileFigures, params: CodeReviewParams) -> Iterator[Finding]:
        for function in figures.functions:
            if function.complexity <= params.max_complexity:
                continue
            beyond = function.complexity > params.error_complexity
            limit = params.error_complexity if beyond else params.max_complexity
            yield Finding(
                rule=self.id,
                severity=Severity.ERROR if beyond else Severity.WARNING,
                message=f"`{function.name}` has a cyclomatic complexity of {function.complexity} (limit {limit}).",
                file=figures.file,
                line=function.line,
                end_line=function.end_line,
                remediation="Split it into functions that each decide one thing; a table or early returns often help.",
            )
