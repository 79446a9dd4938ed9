"""A coroutine made and thrown away: nothing runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import Function, PythonCode, within
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Finding, Severity

_OF_ASYNCIO = frozenset({"sleep", "wait_for"})


class CoroutineNotAwaited(PythonRule):
    """`self.method()` as a statement where the class defines `async def method`, and `asyncio.sleep(…)` likewise."""

    id = "bugs/python-coroutine-not-awaited"
    severity = Severity.ERROR
    message = "`{name}` is a coroutine function: this call creates a coroutine and throws it away without running it."
    remediation = "Await it, or hand it to asyncio.create_task and keep the task."

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for owner in code.nodes(ast.ClassDef):
            coroutines = _coroutines(owner)
            for method in owner.body:
                if coroutines and isinstance(method, Function):
                    yield from self._dropped(code, method, "self", coroutines)
        for function in code.nodes(ast.AsyncFunctionDef):
            yield from self._dropped(code, function, "asyncio", _OF_ASYNCIO)

    def _dropped(self, code: PythonCode, function: Function, owner: str, names: frozenset[str]) -> Iterator[Finding]:
        for node in within(function.body):
            match node:
                case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=called))):
                    if name == owner and called in names:
                        yield self.at(code, node, name=called)


def _coroutines(owner: ast.ClassDef) -> frozenset[str]:
    """Methods of `owner` whose call gives a coroutine. A decorator may run it itself, so a decorated one is not told."""
    made = {
        method.name
        for method in owner.body
        if isinstance(method, ast.AsyncFunctionDef) and not method.decorator_list and _takes_self(method)
    }
    return frozenset(made - {method.name for method in owner.body if isinstance(method, ast.FunctionDef)})


def _takes_self(method: ast.AsyncFunctionDef) -> bool:
    arguments = [*method.args.posonlyargs, *method.args.args]
    return bool(arguments) and arguments[0].arg == "self"
