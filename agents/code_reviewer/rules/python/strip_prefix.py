"""`strip` and its like with a text, of which they take the single characters."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from agents.code_reviewer.metrics.syntax import PythonCode, string
from agents.code_reviewer.rules.python.interface import PythonRule
from agents.contract.schema import Finding, Severity

_METHODS = frozenset({"strip", "lstrip", "rstrip"})
_MEANT_AS_A_WHOLE = re.compile(
    r"(https?|ftp|file|s3|redis)://?|www\.|\.(git|py|txt|json|ya?ml|html?|csv|zip|gz|tar|js|md|png|jpe?g)"
)


class StripPrefix(PythonRule):
    """Schemes, `www.` and file name extensions: nobody means their characters one by one."""

    id = "bugs/python-strip-prefix"
    severity = Severity.WARNING
    message = "This removes any of these characters from the end of the string, not the text {text} as a whole."
    remediation = "Use removeprefix or removesuffix."

    def check(self, code: PythonCode) -> Iterator[Finding]:
        for node in code.nodes(ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS and len(node.args) == 1:
                text = string(node.args[0])
                if text is not None and _MEANT_AS_A_WHOLE.fullmatch(text):
                    yield self.at(code, node, text=node.args[0])
