"""bugs/repeated-key"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.rules.repeated_key import RepeatedKeys
from agents.code_reviewer.schema import CodeReviewParams

Measure = Callable[[str, str], FileFigures]


@pytest.mark.parametrize(
    ("name", "text", "severity", "line"),
    [
        ("a.py", "T = {\n    'a': 1,\n    'b': 2,\n    'a': 3,\n}\n", "error", 4),
        ("a.py", "T = {1: f(1), 1: f(1)}\n", "info", 1),
        ("a.js", "const t = {\n  a: 1,\n  'a': 2,\n};\n", "error", 3),
        ("a.ts", "const t = { f() { return 1; }, f: g };\n", "error", 1),
    ],
)
def test_finds(name: str, text: str, severity: str, line: int, figures_of: Measure) -> None:
    (finding,) = RepeatedKeys().check(figures_of(name, text), CodeReviewParams())
    assert (finding.severity.value, finding.line) == (severity, line)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "T = {'a': 1, 'A': 2, b'a': 3, 1: 4, '1': 5, x: 6, x: 7, **{'a': 8}, 'n': {'a': 1}}\n"),
        ("a.js", """const t = { "'": 1, '"': 2, a: 1, A: 2, [b]: 3, [b]: 4, ...u, n: { a: 1 } };\n"""),
        ("a.js", "const t = { get a() { return 1; }, set a(v) {}, b: 1 };\n"),
    ],
)
def test_stays_silent(name: str, text: str, figures_of: Measure) -> None:
    assert not list(RepeatedKeys().check(figures_of(name, text), CodeReviewParams()))
