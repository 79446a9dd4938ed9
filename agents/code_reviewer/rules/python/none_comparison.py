"""`== None` where a truth value is wanted."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Confidence, Finding, Severity

_PLACES: tuple[type[ast.AST], ...] = (ast.If, ast.While, ast.Assert, ast.Return, ast.UnaryOp, ast.BoolOp)


class NoneComparison(PythonRule):
    """As a condition, an operand of one, or a result; elsewhere the expression may build a query."""

    id = "style/python-none-comparison"
    severity = Severity.INFO
    message = "`==` asks the object whether it equals None; `is` asks whether it is None."
    remediation = "Write `is None` or `is not None`."
    confidence = Confidence.MEDIUM

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for kind in _PLACES:
            for condition in (condition for place in code.nodes(kind) for condition in _conditions(place)):
                match condition:
                    case ast.Compare(ops=[ast.Eq() | ast.NotEq()], comparators=[ast.Constant(value=None)]):
                        yield self.at(code, condition)


def _conditions(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.If(test=test) | ast.While(test=test) | ast.Assert(test=test):
            return [test]
        case ast.Return(value=ast.expr() as value):
            return [value]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return [operand]
        case ast.BoolOp(values=values):
            return values
    return []
