"""A comparison, or a choice, between a thing and itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode, dotted, pairs
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Confidence, Finding, Severity

_TELLING = (ast.Lt, ast.Gt, ast.LtE, ast.GtE, ast.Is, ast.IsNot)


class CompareWithItself(PythonRule):
    """Names and attributes only: a call may answer differently the second time, and `x == x` is how NaN is told."""

    id = "bugs/python-compare-with-itself"
    severity = Severity.WARNING
    message = "Both sides are the same: `{x}`."
    remediation = "One side was probably meant to be something else."
    confidence = Confidence.MEDIUM

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for node in code.nodes(ast.Compare):
            for left, operator, right in pairs(node):
                name = dotted(left)
                if isinstance(operator, _TELLING) and name is not None and name == dotted(right):
                    yield self.at(code, left, x=name)
        for choice in code.nodes(ast.BoolOp):
            seen: set[str] = set()
            for value in choice.values:
                name = dotted(value)
                if name in seen:
                    yield self.at(code, choice, x=name)
                    break
                seen |= {name} if name is not None else set()
