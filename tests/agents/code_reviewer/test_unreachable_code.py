"""bugs/unreachable-code"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.rules.unreachable_code import UnreachableCode
from agents.code_reviewer.schema import CodeReviewParams

Measure = Callable[[str, str], FileFigures]


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("a.py", "def f(a):\n    if a:\n        return 1\n        a = 2\n        a = 3\n    raise E\n    a()\n", [4, 7]),
        (
            "a.py",
            "for a in b:\n    try:\n        continue\n        c()\n    except E:\n        break\n        d()\n",
            [4, 7],
        ),
        ("a.py", "raise SystemExit\nf()\n", [2]),
        ("a.js", "function f(a) {\n  if (a) {\n    return 1;\n    a = 2;\n  }\n  throw a;\n  // why\n  a();\n}\n", [4, 8]),
        ("a.ts", "for (const a of b) {\n  continue;\n  c(a);\n}\n", [3]),
    ],
)
def test_finds(name: str, text: str, lines: list[int], figures_of: Measure) -> None:
    found = UnreachableCode().check(figures_of(name, text), CodeReviewParams())
    assert [finding.line for finding in found] == lines


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "def f():\n    return\n    yield\n"),
        ("a.py", "def f():\n    raise E\n    x = yield from g()\n"),
        ("a.py", "def f(a):\n    if a:\n        return 1\n    return 2\n"),
        ("a.py", "try:\n    raise E\nfinally:\n    f()\ng()\n"),
        ("a.js", "function f() {\n  return g();\n  function g() { return 1; }\n}\n"),
        ("a.js", "switch (a) {\n  case 1:\n    return 1;\n    break;\n  default:\n    throw a;\n}\nf();\n"),
        ("a.js", "function f() {\n  return a;;\n  var a, b;\n}\n"),
        ("a.js", "function f() {\n  return g(() => {\n    try { return 1; } catch (e) { h(e); throw e; }\n  });\n}\n"),
        ("a.ts", "function f() {\n  return 1;\n  interface A { b: C }\n  type D = A;\n}\n"),
    ],
)
def test_stays_silent(name: str, text: str, figures_of: Measure) -> None:
    assert not list(UnreachableCode().check(figures_of(name, text), CodeReviewParams()))
