"""An exception handler that swallows everything, the request to stop included."""

from __future__ import annotations

from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode
from agents.code_reviewer.rules.python.ignored import ignoring
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Finding, Severity


class BareExceptIgnored(PythonRule):
    """`except:` and `except BaseException:`. A comment beside it says why: somebody has thought about it."""

    id = "bugs/python-bare-except-ignored"
    severity = Severity.WARNING
    message = "This swallows every exception, KeyboardInterrupt and SystemExit among them, without a trace."
    remediation = "Name the exceptions that may be ignored here, for instance with contextlib.suppress."
    cwe = "CWE-390"

    def check(self, code: PythonCode) -> Iterator[Finding]:
        yield from (self.at(code, nothing) for nothing in ignoring(code, None, "BaseException"))
