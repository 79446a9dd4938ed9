"""An exception handler that swallows every error."""

from __future__ import annotations

from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode
from agents.code_reviewer.rules.python.ignored import ignoring
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Confidence, Finding, Severity


class ExceptionIgnored(PythonRule):
    """`except Exception:`. A comment beside it says why: somebody has thought about it."""

    id = "bugs/python-exception-ignored"
    severity = Severity.INFO
    message = "Any error in this block, a typing mistake included, disappears without a trace."
    remediation = "Name the exceptions that may be ignored here, or log what was caught."
    confidence = Confidence.MEDIUM
    cwe = "CWE-390"

    def check(self, code: PythonCode) -> Iterator[Finding]:
        yield from (self.at(code, nothing) for nothing in ignoring(code, "Exception"))
