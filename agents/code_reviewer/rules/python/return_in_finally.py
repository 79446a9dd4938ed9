"""A return in finally, which drops the exception on its way."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode, within
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Finding, Severity


class ReturnInFinally(PythonRule):
    """A function defined there returns to whoever calls it."""

    id = "bugs/python-return-in-finally"
    severity = Severity.WARNING
    message = "A return in finally discards the exception on its way, and any value the block returned."
    remediation = "Return after the try statement, and name the exceptions that may be dropped."
    cwe = "CWE-584"

    def check(self, code: PythonCode) -> Iterator[Finding]:
        found = {
            id(node): node
            for guarded in code.nodes(ast.Try, ast.TryStar)
            for node in within(guarded.finalbody)
            if isinstance(node, ast.Return)
        }
        yield from (self.at(code, node) for node in found.values())
