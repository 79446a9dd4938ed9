"""A function with more parameters than a reader of a call can tell apart."""

from __future__ import annotations

from collections.abc import Iterator

from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.rules.interface import Rule
from agents.code_reviewer.schema import CodeReviewParams, Scope
from agents.contract.schema import Finding, Severity


class ManyParameters(Rule):
    """Info above `max_parameters`. `self`, keyword-only parameters, `*args` and `**kwargs` of Python don't count."""

    id = "size/many-parameters"
    scope = Scope.SIZE

    def check(self, figures: FileFigures, params: CodeReviewParams) -> Iterator[Finding]:
        for function in figures.functions:
            if function.parameters > params.max_parameters:
                yield Finding(
                    rule=self.id,
                    severity=Severity.INFO,
                    message=f"`{function.name}` takes {function.parameters} parameters (limit {params.max_parameters}).",
                    file=figures.file,
                    line=function.line,
                    remediation="Group what belongs together in an object, or let callers name the arguments.",
                )
