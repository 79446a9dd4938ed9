"""`x == "a" or "b"`, which is always true."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode, number, string
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Finding, Severity


class LiteralInCondition(PythonRule):
    """A string that is not empty, or a positive number, after a comparison by `==` or `in`."""

    id = "bugs/python-literal-in-condition"
    severity = Severity.ERROR
    message = "{literal} alone is always true: the comparison before it does not reach it."
    remediation = "Write `x in (a, b)`, or repeat the comparison."
    cwe = "CWE-571"

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for node in code.nodes(ast.If, ast.While):
            if isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.Or):
                compared = False
                for value in node.test.values:
                    if compared and _is_true(value):
                        yield self.at(code, node, literal=value)
                        break
                    compared = compared or _compares(value)


def _compares(node: ast.expr) -> bool:
    return isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.In)


def _is_true(node: ast.expr) -> bool:
    value = number(node)
    return bool(string(node)) or (isinstance(value, int) and value > 0)
