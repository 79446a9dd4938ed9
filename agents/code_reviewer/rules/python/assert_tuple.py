"""An assert of a tuple, which is always true."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Finding, Severity


class AssertTuple(PythonRule):
    """`assert (condition, message)`."""

    id = "bugs/python-assert-tuple"
    severity = Severity.ERROR
    message = "A tuple with something in it is always true: this assert checks nothing."
    remediation = "Drop the parentheses: `assert condition, message`."
    cwe = "CWE-617"

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for node in code.nodes(ast.Assert):
            if isinstance(node.test, ast.Tuple) and len(node.test.elts) > 1:
                yield self.at(code, node)
