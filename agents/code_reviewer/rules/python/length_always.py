"""A length compared with what it always, or never, is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode, number
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Finding, Severity


class LengthAlways(PythonRule):
    """`len(x) < 0`, `len(x) >= 0` and the same the other way round; not as one end of a range."""

    id = "bugs/python-length-always"
    severity = Severity.ERROR
    message = "A length is never negative: this condition is always the same."
    remediation = "Compare with `> 0` or `== 0`, as meant."
    cwe = "CWE-570"

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for node in code.nodes(ast.Compare):
            match node:
                case ast.Compare(left=left, ops=[ast.Lt() | ast.GtE()], comparators=[right]):
                    always = _is_length(left) and number(right) == 0
                case ast.Compare(left=left, ops=[ast.Gt() | ast.LtE()], comparators=[right]):
                    always = number(left) == 0 and _is_length(right)
                case _:
                    always = False
            if always:
                yield self.at(code, node)


def _is_length(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len" and len(node.args) == 1
