"""An `elif` whose condition was tested before it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode, may_change
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Finding, Severity


class DuplicateCondition(PythonRule):
    """Told at the branch that comes first. Not with calls in the condition, which may answer differently the second time."""

    id = "bugs/python-duplicate-condition"
    severity = Severity.ERROR
    message = "This branch never runs: the same condition was tested before it."
    remediation = "Correct the condition, or remove the branch."
    cwe = "CWE-561"

    def check(self, code: PythonCode) -> Iterator[Finding]:
        tested = list(code.nodes(ast.If))
        later = {id(node.orelse[0]) for node in tested if len(node.orelse) == 1}
        for node in tested:
            if id(node) not in later and node.orelse:
                yield from (self.at(code, first) for first in _repeated(node))


def _repeated(node: ast.If) -> Iterator[ast.If]:
    """The branches of the chain that begins with `node` whose condition is tested again further down."""
    seen: dict[str, ast.If] = {}
    branch: ast.stmt | None = node
    told: set[str] = set()
    while isinstance(branch, ast.If):
        condition = ast.dump(branch.test)
        first = seen.setdefault(condition, branch)
        if first is not branch and condition not in told and not may_change(branch.test):
            told.add(condition)
            yield first
        branch = branch.orelse[0] if len(branch.orelse) == 1 else None
