"""A lambda, kept for later, that reads the variable of its loop."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode, within
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Confidence, Finding, Severity


class LoopVariableInLambda(PythonRule):
    """Appended to a list or put into a table. A parameter of the same name binds it in time."""

    id = "bugs/python-loop-variable-in-lambda"
    severity = Severity.WARNING
    message = "When it is called later, this lambda sees the last value of `{item}`, not this round's."
    remediation = "Bind the value now: `lambda {item}={item}: …`, or functools.partial."
    confidence = Confidence.MEDIUM

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for loop in code.nodes(ast.For, ast.AsyncFor):
            names = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
            for node in within(loop.body):
                if isinstance(node, ast.Call | ast.Assign):
                    kept = _kept(node)
                    read = _reads(kept) if kept is not None else set()
                    yield from (self.at(code, node, item=name) for name in sorted(names & read))


def _kept(node: ast.Call | ast.Assign) -> ast.Lambda | None:
    match node:
        case ast.Call(func=ast.Attribute(attr="append"), args=[ast.Lambda() as kept]):
            return kept
        case ast.Assign(targets=[ast.Subscript()], value=ast.Lambda() as kept):
            return kept
    return None


def _reads(node: ast.Lambda) -> set[str]:
    """Names that the body of the lambda takes from outside."""
    found = [part for part in ast.walk(node.body) if isinstance(part, ast.Name)]
    bound = {part.id for part in found if not isinstance(part.ctx, ast.Load)}
    bound |= {argument.arg for argument in ast.walk(node) if isinstance(argument, ast.arg)}
    return {part.id for part in found} - bound
