"""A function too long to be seen at once."""

from __future__ import annotations

from collections.abc import Iterator

from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.rules.interface import Rule
from agents.code_reviewer.schema import CodeReviewParams, Scope
from agents.contract.schema import Finding, Severity


class LongFunction(Rule):
    """Warning above `max_function_lines` code lines; functions inside it are counted for themselves."""

    id = "size/long-function"
    scope = Scope.SIZE

    def check(self, figures: FileFigures, params: CodeReviewParams) -> Iterator[Finding]:
        for function in figures.functions:
            if function.code_lines > params.max_function_lines:
                yield Finding(
                    rule=self.id,
                    severity=Severity.WARNING,
                    message=(f"`{function.name}` has {function.code_lines} code lines (limit {params.max_function_lines})."),
                    file=figures.file,
                    line=function.line,
                    end_line=function.end_line,
                    remediation="Give each step of it a function with a name that says what the step achieves.",
                )
