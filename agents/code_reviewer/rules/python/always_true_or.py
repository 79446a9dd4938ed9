"""A value compared with two constants so that the answer is always the same."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode, may_change, number, string
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Finding, Severity


class AlwaysTrueOr(PythonRule):
    """`!=` joined by `or`, `==` joined by `and`, with strings or whole numbers. Not of calls, which may answer anew."""

    id = "bugs/python-always-true-or"
    severity = Severity.ERROR
    message = "This condition is always the same, whatever `{x}` is."
    remediation = "`x not in (a, b)` says that it is neither; `x in (a, b)` that it is one of them."
    cwe = "CWE-571"

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for node in code.nodes(ast.BoolOp):
            operator = ast.NotEq if isinstance(node.op, ast.Or) else ast.Eq
            seen: dict[str, tuple[ast.Compare, str | int]] = {}
            for value in node.values:
                constant = _compared(value, operator)
                if isinstance(value, ast.Compare) and constant is not None:
                    first, other = seen.setdefault(ast.dump(value.left), (value, constant))
                    if other != constant:
                        yield self.at(code, first, x=value.left)
                        break


def _compared(node: ast.expr, operator: type[ast.cmpop]) -> str | int | None:
    """The constant that `node` compares something with by `operator`, else None."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or not isinstance(node.ops[0], operator):
        return None
    if may_change(node.left):
        return None
    value = number(node.comparators[0])
    return value if isinstance(value, int) else string(node.comparators[0])
