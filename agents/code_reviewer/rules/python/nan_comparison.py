"""A comparison with NaN, which nothing equals."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode, dotted, pairs, string
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Finding, Severity

_CONSTANTS = frozenset(f"{module}.{name}" for module in ("math", "numpy", "np") for name in ("nan", "NaN", "NAN"))


class NanComparison(PythonRule):
    """`float("nan")`, and the constants of math and numpy."""

    id = "bugs/python-nan-comparison"
    severity = Severity.ERROR
    message = "NaN equals nothing, not even itself: this comparison always gives the same answer."
    remediation = "Use math.isnan (or numpy.isnan, pandas.isna)."

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for node in code.nodes(ast.Compare):
            for left, operator, right in pairs(node):
                if isinstance(operator, ast.Eq | ast.NotEq) and (_is_nan(left) or _is_nan(right)):
                    yield self.at(code, left)


def _is_nan(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return dotted(node.func) == "float" and len(node.args) == 1 and (string(node.args[0]) or "").lower() == "nan"
    return dotted(node) in _CONSTANTS
