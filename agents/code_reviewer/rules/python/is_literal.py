"""Identity asked of a string or a number."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode, number, pairs
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Finding, Severity


class IsLiteral(PythonRule):
    """`is` and `is not`; None, True, False and `...` are made for it."""

    id = "bugs/python-is-literal"
    severity = Severity.ERROR
    message = "`is` compares identity: whether it holds for a string or a number depends on the interpreter."
    remediation = "Compare with `==` or `!=`."
    cwe = "CWE-597"

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for node in code.nodes(ast.Compare):
            for left, operator, right in pairs(node):
                if isinstance(operator, ast.Is | ast.IsNot) and (_is_literal(left) or _is_literal(right)):
                    yield self.at(code, left)


def _is_literal(node: ast.expr) -> bool:
    return number(node) is not None or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))
