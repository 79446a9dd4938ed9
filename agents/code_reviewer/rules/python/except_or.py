"""`except A or B`, which catches A alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Finding, Severity


class ExceptOr(PythonRule):
    """Any number of them."""

    id = "bugs/python-except-or"
    severity = Severity.ERROR
    message = "`A or B` is A: the second exception is not caught."
    remediation = "List them in a tuple: `except (A, B)`."

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for node in code.nodes(ast.ExceptHandler):
            if isinstance(node.type, ast.BoolOp) and isinstance(node.type.op, ast.Or):
                yield self.at(code, node.type.values[0])
