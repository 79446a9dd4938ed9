"""A function whose blocks lie too deep inside each other (Python, JavaScript, TypeScript)."""

from __future__ import annotations

from collections.abc import Iterator

from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.rules.interface import Rule
from agents.code_reviewer.schema import CodeReviewParams, Scope
from agents.contract.schema import Finding, Severity


class DeepNesting(Rule):
    """Warning above `max_nesting`. An `elif` or `else if` is no deeper than its `if`."""

    id = "complexity/deep-nesting"
    scope = Scope.COMPLEXITY

    def check(self, figures: FileFigures, params: CodeReviewParams) -> Iterator[Finding]:
        for function in figures.functions:
            if function.nesting is not None and function.nesting > params.max_nesting:
                yield Finding(
                    rule=self.id,
                    severity=Severity.WARNING,
                    message=f"`{function.name}` nests blocks {function.nesting} deep (limit {params.max_nesting}).",
                    file=figures.file,
                    line=function.line,
                    end_line=function.end_line,
                    remediation="Leave early with return or continue, or move the inner part to a function of its own.",
                )
