"""`raise NotImplemented`, which is no exception."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode, dotted
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Finding, Severity


class RaiseNotimplemented(PythonRule):
    """The bare name or a call of it."""

    id = "bugs/python-raise-notimplemented"
    severity = Severity.ERROR
    message = "NotImplemented is a value, not an exception: raising it gives a TypeError."
    remediation = "Raise NotImplementedError."

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for node in code.nodes(ast.Raise):
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if raised is not None and dotted(raised) == "NotImplemented":
                yield self.at(code, node)
