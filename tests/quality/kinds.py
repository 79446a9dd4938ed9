"""From each tool's own rule names to the corpus's kinds of problem. A rule without an entry has a kind of its own,
which the corpus doesn't label, and its alarms are not judged.
"""

from __future__ import annotations

CODE_REVIEWER = {
    "complexity/high-complexity": "high-complexity",
    "complexity/deep-nesting": "deep-nesting",
    "size/long-function": "long-function",
    "size/many-parameters": "many-parameters",
    "bugs/unreachable-code": "unreachable-code",
    "bugs/repeated-key": "duplicate-key",
    "bugs/python-assert-tuple": "assert-on-tuple",
    "bugs/python-bare-except-ignored": "swallowed-exception",
    "bugs/python-changed-while-iterated": "modified-while-iterating",
    "bugs/python-compare-with-itself": "self-comparison",
    "bugs/python-duplicate-condition": "duplicate-condition",
    "bugs/python-exception-ignored": "swallowed-exception",
    "bugs/python-init-returns-value": "return-in-init",
    "bugs/python-is-literal": "is-literal",
    "bugs/python-loop-variable-in-lambda": "loop-variable-closure",
    "bugs/python-mutable-default-changed": "mutable-default",
    "bugs/python-nan-comparison": "nan-comparison",
    "bugs/python-return-in-finally": "return-in-finally",
    "bugs/python-strip-prefix": "strip-characters",
    "style/python-none-comparison": "none-comparison",
    "bugs/js-assignment-in-condition": "assignment-in-condition",
    "bugs/js-async-foreach": "async-foreach",
    "bugs/js-debugger": "debugger",
    "bugs/js-duplicate-condition": "duplicate-condition",
    "bugs/js-nan-comparison": "nan-comparison",
    "bugs/js-negated-operand": "negated-operand",
    "bugs/js-return-in-finally": "return-in-finally",
    "bugs/js-same-operands": "self-comparison",
    "bugs/js-typeof-unknown": "invalid-typeof",
    "style/js-loose-equality": "loose-equality",
    "bugs/java-string-identity": "string-identity",
    "bugs/java-return-in-finally": "return-in-finally",
    "bugs/go-defer-in-loop": "defer-in-loop",
}

COMPLIANCE_CHECKER = {
    "license/missing-file": "license-missing",
    "license/unrecognised-text": "license-unknown",
    "license/declaration-differs": "license-mismatch",
    "license/not-expected": "license-mismatch",
    "license/denied-dependency": "dependency-denied",
    "headers/content-security-policy": "missing-csp",
    "headers/strict-transport-security": "missing-hsts",
    "headers/x-frame-options": "missing-frame-options",
    "headers/x-content-type-options": "missing-nosniff",
}

BANDIT = {
    "B102": "code-injection",  # exec
    "B103": "misconfiguration",  # permissive chmod
    "B104": "misconfiguration",  # bound to all interfaces
    "B105": "secrets",
    "B106": "secrets",
    "B107": "secrets",
    "B113": "requests-without-timeout",
    "B201": "misconfiguration",  # Flask's debugger
    "B202": "path-traversal",  # tarfile.extractall
    "B301": "deserialization",
    "B302": "deserialization",
    "B303": "weak-crypto",
    "B304": "weak-crypto",
    "B305": "weak-crypto",
    "B307": "code-injection",
    "B308": "xss",
    "B311": "weak-crypto",
    "B312": "insecure-tls",
    "B314": "xxe",
    "B318": "xxe",
    "B319": "xxe",
    "B320": "xxe",
    "B321": "insecure-tls",
    "B323": "insecure-tls",
    "B324": "weak-crypto",
    "B501": "insecure-tls",
    "B502": "insecure-tls",
    "B503": "insecure-tls",
    "B504": "insecure-tls",
    "B505": "weak-crypto",
    "B506": "deserialization",
    "B507": "insecure-tls",
    "B508": "insecure-tls",
    "B601": "command-injection",
    "B602": "command-injection",
    "B603": "command-injection",
    "B604": "command-injection",
    "B605": "command-injection",
    "B606": "command-injection",
    "B607": "command-injection",
    "B608": "sql-injection",
    "B609": "command-injection",
    "B610": "sql-injection",
    "B611": "sql-injection",
    "B614": "deserialization",
    "B701": "xss",
    "B702": "xss",
    "B703": "xss",
    "B704": "xss",
}

RUFF = {
    "B006": "mutable-default",
    "B008": "call-in-default",
    "E722": "bare-except",
    "S110": "swallowed-exception",
    "S112": "swallowed-exception",
    "BLE001": "swallowed-exception",
    "E711": "none-comparison",
    "F632": "is-literal",
    "F601": "duplicate-key",
    "F631": "assert-on-tuple",
    "B023": "loop-variable-closure",
    "B909": "modified-while-iterating",
    "PLE4703": "modified-while-iterating",
    "PLW0133": "exception-not-raised",
    "PLW0177": "nan-comparison",
    "PLR0133": "constant-condition",
    "PLW0127": "self-assignment",
    "PLR0124": "self-comparison",
    "PLR1714": "duplicate-condition",
    "F634": "constant-condition",
    "F502": "format-mismatch",
    "F507": "format-mismatch",
    "F524": "format-mismatch",
    "B012": "return-in-finally",
    "PLE0101": "return-in-init",
    "F811": "redefinition",
    "B018": "useless-expression",
    "B015": "useless-expression",
    "B005": "strip-characters",
    "N805": "missing-self",
    "C901": "high-complexity",
    "PLR0913": "many-parameters",
    "PLR0917": "many-parameters",
    "PLR0915": "long-function",
    "PLR1702": "deep-nesting",
    "A002": "shadowed-builtin",
    "B014": "except-order",
    "B025": "except-order",
    "SIM114": "identical-branches",
}
"""The selection that ruff is run with, too."""


def ours(agent: str, rule: str) -> str:
    """The kind of one of our rules. Security rules and every agent's secrets carry it as their category."""
    category = rule.partition("/")[0]
    if agent == "code-reviewer":
        return CODE_REVIEWER.get(rule, rule)
    if agent == "compliance-checker" and category != "secrets":
        return COMPLIANCE_CHECKER.get(rule, rule)
    return category
