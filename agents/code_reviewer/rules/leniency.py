"""How findings in test code are told: one step milder, and some not at all.

A test may be long, compare a thing with itself or swallow an error on purpose; a bug in it hides bugs.
"""

from __future__ import annotations

from agents.contract.schema import Finding, Severity

SILENT_IN_TESTS = frozenset(
    {
        "bugs/python-compare-with-itself",
        "bugs/python-requests-without-timeout",
        "bugs/python-blocking-call-in-async",
        "bugs/js-throw-literal",
        "style/python-none-comparison",
        "style/python-unclosed-file",
        "style/js-console-log",
        "style/js-loose-equality",
        "style/js-parseint-without-radix",
    }
)
"""Rules whose subject is ordinary in tests: they exercise operators, run once, and talk to nobody."""

SILENT_IN_DEMONSTRATIONS = frozenset({"style/js-console-log"})
"""Rules that make no sense in examples, docs and scripts, which print on purpose."""

_MILDER = {
    Severity.CRITICAL: Severity.ERROR,
    Severity.ERROR: Severity.WARNING,
    Severity.WARNING: Severity.INFO,
    Severity.INFO: Severity.INFO,
}


def in_test_code(finding: Finding) -> Finding | None:
    """The finding as told in test code, or None where it is not."""
    if finding.rule in SILENT_IN_TESTS:
        return None
    return finding.model_copy(update={"severity": _MILDER[finding.severity]})
