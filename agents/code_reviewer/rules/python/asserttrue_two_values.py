"""`assertTrue(actual, expected)`, which compares nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode, dotted, number
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Finding, Severity

_METHODS = frozenset({"self.assertTrue", "self.assertFalse"})
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


class AsserttrueTwoValues(PythonRule):
    """The second argument is a value that nobody would write as a message."""

    id = "bugs/python-asserttrue-two-values"
    severity = Severity.ERROR
    message = "The second argument of `{method}` is the message: the two values are never compared."
    remediation = "Use assertEqual."

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for node in code.nodes(ast.Call):
            method = dotted(node.func)
            if method in _METHODS and len(node.args) == 2 and not node.keywords and _is_value(node.args[1]):
                yield self.at(code, node, method=method.removeprefix("self."))


def _is_value(node: ast.expr) -> bool:
    fixed = isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))
    return fixed or isinstance(node, _DISPLAYS) or number(node) is not None
