"""size/long-function"""

from __future__ import annotations

from agents.code_reviewer.metrics.interface import FileFigures, FunctionFigures
from agents.code_reviewer.rules.long_function import LongFunction
from agents.code_reviewer.schema import CodeReviewParams
from agents.contract.schema import Severity


def file_with(value: int) -> FileFigures:
    function = FunctionFigures("f", 3, 9, complexity=1, code_lines=value, parameters=0, nesting=0)
    return FileFigures("a.py", "Python", 9, 9, (function,))


def test_finds() -> None:
    (finding,) = LongFunction().check(file_with(101), CodeReviewParams())
    assert finding.severity is Severity.WARNING
    assert "101" in finding.message
    assert "limit 100" in finding.message
    assert finding.line == 3


def test_stays_silent_at_the_limit() -> None:
    assert not list(LongFunction().check(file_with(100), CodeReviewParams()))
    assert not list(LongFunction().check(file_with(101), CodeReviewParams(max_function_lines=101)))
