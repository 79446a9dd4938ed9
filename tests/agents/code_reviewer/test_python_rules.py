"""Bug patterns by Python's syntax tree: what a text pattern could not see, beside the samples that every pattern has."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable

import pytest

from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.metrics.measure import Choices, measure
from agents.code_reviewer.metrics.syntax import SHOWN, PythonCode
from agents.code_reviewer.rules.python import PYTHON_RULES
from agents.contract.workspace import Workspace
from tests.agents.code_reviewer.conftest import Write

Measure = Callable[[str, str], FileFigures]

IGNORED = "try:\n    a()\nexcept Exception:\n    pass\n"
CHANGED = "for name in names:\n    if not name:\n        names.remove(name)\n"


@pytest.mark.parametrize(
    ("rule", "line", "text"),
    [
        ("exception-ignored", 5, "try:\n    a()\n    raise b\nexcept Exception:\n    pass\n"),
        ("exception-ignored", 4, f"{IGNORED}else:\n    b()\n"),
        ("exception-ignored", 4, f"{IGNORED}finally:\n    b()\n"),
        ("bare-except-ignored", 4, "try:\n    a()\nexcept (BaseException):\n    pass\nelse:\n    b()\n"),
        ("always-true-or", 1, "ok = x != 'a' or done or x != 'b'\n"),
        (
            "duplicate-condition",
            1,
            "if a:\n    b()\nelif c:\n    d()\nelif e:\n    f()\nelif g:\n    h()\nelif a:\n    i()\n",
        ),
        ("duplicate-condition", 1, "if 0 < a < 3:\n    b()\nelif 0 < a < 3:\n    d()\n"),
        ("compare-with-itself", 1, "ok = a.b and c and a.b\n"),
        ("changed-while-iterated", 3, f"{CHANGED}        continue\n    break\n"),
        ("changed-while-iterated", 3, f"{CHANGED}    for other in all_of_them:\n        break\n"),
        ("loop-variable-in-lambda", 2, "for key, value in table.items():\n    calls.append(lambda: value)\n"),
        ("mutable-default-changed", 2, "async def f(*, into=[]):\n    into.append(1)\n"),
        ("init-returns-value", 3, "class A:\n    def __init__(self):\n        return (1, 2)\n"),
        ("return-in-finally", 5, "def f():\n    try:\n        a()\n    finally:\n        return {k: 1 for k in b}\n"),
        ("none-comparison", 2, "if (a and\n        b == None):\n    c()\n"),
    ],
)
def test_finds(rule: str, line: int, text: str, figures_of: Measure) -> None:
    (finding,) = figures_of("a.py", text).bugs
    assert (finding.rule.partition("/python-")[2], finding.line) == (rule, line)


@pytest.mark.parametrize(
    "text",
    [
        "ok = read() != 'a' or read() != 'b'\n",
        "try:\n    raise ValueError('dummy')\nexcept Exception:\n    pass\n",
        "try:\n    a()\nexcept (ValueError, Exception):\n    pass\n",
        "try:\n    a()\nexcept Exception:  # best effort\n    pass\n",
        f"{CHANGED}        break\n",
        f"{CHANGED}        raise ValueError(name)\n",
        f"def f():\n    {CHANGED.replace(chr(10), chr(10) + '    ')}        return\n",
        "for name in read():\n    read().remove(name)\n",
        "for name in names:\n    def later():\n        names.remove(name)\n    calls.append(later)\n",
        "for name in names:\n    calls.append(lambda: [name for name in rows])\n",
        "class A:\n    @work\n    async def run(self):\n        a()\n\n    def go(self):\n        self.run()\n",
        "def f(into=[]):\n    for into in rows:\n        into.append(1)\n",
        "if 0 <= len(a) < 3:\n    b()\n",
        "def f():\n    try:\n        a()\n    finally:\n        b = sorted(c, key=lambda d: d.e)\n",
    ],
)
def test_stays_silent(text: str, figures_of: Measure) -> None:
    assert figures_of("a.py", text).bugs == ()


def test_a_finding_has_its_place_its_line_and_names_of_the_source(figures_of: Measure) -> None:
    text = "def f(größe, into=[]):\n    a = größe; into.append(a)\n"
    (finding,) = figures_of("a.py", text).bugs
    assert (finding.line, finding.column, finding.end_line) == (2, 16, 2)
    assert finding.snippet == "a = größe; into.append(a)"
    assert finding.message.startswith("`into` is created once")


@pytest.mark.parametrize(
    "text",
    [
        "for a in b:\n" + " c\n" * 40_000,
        "ok = " + " or \\\n".join(f"a{n} != {n}" for n in range(20_000)) + "\n",
        "x is 'é'\n" * 20_000,
        "".join(f"{name}.strip('.git') == None\n" for name in ("ä", "b")) * 10_000,
        "def f(a=[]):\n" + " a.append(1)\n" * 20_000,
        "try:\n a()\nexcept Exception:\n pass\n" * 10_000,
    ],
    ids=["statements", "operands", "literals", "calls", "changes", "handlers"],
)
def test_a_large_file_takes_seconds_not_minutes(text: str) -> None:
    began = time.process_time()
    code = PythonCode("a.py", text, ast.parse(text))
    found = [finding for rule in PYTHON_RULES for finding in rule.check(code)]
    assert time.process_time() - began < 10
    assert len(found) in {0, 10_000, 20_000}


def test_a_long_piece_of_source_is_cut_in_a_message(figures_of: Measure) -> None:
    name = "a" * 500
    (finding,) = figures_of("a.py", f"{name} = {name}.sort()\n").bugs
    assert finding.message == f"This works in place and returns None: `{'a' * SHOWN}…` is None from here on."


def test_a_piece_of_source_keeps_its_lines_and_letters(figures_of: Measure) -> None:
    (finding,) = figures_of("a.py", "ok = (größe.\n      höhe != 1 or größe.höhe != 2)\n").bugs
    assert finding.message.startswith("This condition is always the same, whatever `größe.höhe` is")


def test_nothing_is_looked_for_where_no_bugs_are_wanted(write: Write) -> None:
    found = measure(Workspace(write({"a.py": IGNORED})), "a.py", Choices(bugs=False))
    assert found is not None
    assert found.bugs == ()
    assert found.code_lines == 4
