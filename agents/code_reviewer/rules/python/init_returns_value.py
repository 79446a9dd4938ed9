"""`__init__` returns something: no object can be created."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode, number, within
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Finding, Severity

_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.Tuple, ast.ListComp, ast.DictComp, ast.SetComp, ast.JoinedStr)


class InitReturnsValue(PythonRule):
    """A literal or `self`; what a call or a name gives may well be None."""

    id = "bugs/python-init-returns-value"
    severity = Severity.ERROR
    message = "__init__ must return None: creating an object raises a TypeError here."
    remediation = "Remove the value, or make it a factory function or __new__."

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for owner in code.nodes(ast.ClassDef):
            for method in owner.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    for node in within(method.body):
                        if isinstance(node, ast.Return) and node.value is not None and _is_something(node.value):
                            yield self.at(code, node)


def _is_something(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return node.value is not None
    return isinstance(node, _DISPLAYS) or number(node) is not None or (isinstance(node, ast.Name) and node.id == "self")
