"""The result, always None, of what works in place."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode, dotted
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Finding, Severity


class InPlaceResultUsed(PythonRule):
    """`names = names.sort()`, `x = random.shuffle(y)`. What takes other arguments is no list's `sort`."""

    id = "bugs/python-in-place-result-used"
    severity = Severity.ERROR
    message = "This works in place and returns None: `{result}` is None from here on."
    remediation = "Drop the assignment, or use sorted() or reversed()."

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for node in code.nodes(ast.Assign):
            if len(node.targets) == 1 and isinstance(node.value, ast.Call) and _in_place(node.value, node.targets[0]):
                yield self.at(code, node, result=node.targets[0])


def _in_place(call: ast.Call, target: ast.expr) -> bool:
    if dotted(call.func) == "random.shuffle":
        return len(call.args) == 1
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "sort":
        return False
    made_of = call.func.value
    if isinstance(made_of, ast.List) or (isinstance(made_of, ast.Call) and dotted(made_of.func) == "list"):
        return True
    own = not call.args and all(keyword.arg in {"key", "reverse"} for keyword in call.keywords)
    return own and dotted(target) is not None and dotted(target) == dotted(made_of)
