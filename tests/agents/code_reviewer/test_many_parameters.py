"""size/many-parameters"""

from __future__ import annotations

from agents.code_reviewer.metrics.interface import FileFigures, FunctionFigures
from agents.code_reviewer.rules.many_parameters import ManyParameters
from agents.code_reviewer.schema import CodeReviewParams
from agents.contract.schema import Severity


def file_with(value: int) -> FileFigures:
    function = FunctionFigures("f", 3, 9, complexity=1, code_lines=1, parameters=value, nesting=0)
    return FileFigures("a.py", "Python", 9, 9, (function,))


def test_finds() -> None:
    (finding,) = ManyParameters().check(file_with(9), CodeReviewParams())
    assert finding.severity is Severity.INFO
    assert "9" in finding.message
    assert "limit 8" in finding.message
    assert finding.line == 3


def test_stays_silent_at_the_limit() -> None:
    assert not list(ManyParameters().check(file_with(8), CodeReviewParams()))
    assert not list(ManyParameters().check(file_with(9), CodeReviewParams(max_parameters=9)))
