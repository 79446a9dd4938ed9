"""complexity/deep-nesting"""

from __future__ import annotations

from agents.code_reviewer.metrics.interface import FileFigures, FunctionFigures
from agents.code_reviewer.rules.deep_nesting import DeepNesting
from agents.code_reviewer.schema import CodeReviewParams
from agents.contract.schema import Severity


def file_with(value: int) -> FileFigures:
    function = FunctionFigures("f", 3, 9, complexity=1, code_lines=1, parameters=0, nesting=value)
    return FileFigures("a.py", "Python", 9, 9, (function,))


def test_finds() -> None:
    (finding,) = DeepNesting().check(file_with(6), CodeReviewParams())
    assert finding.severity is Severity.WARNING
    assert "6" in finding.message
    assert "limit 5" in finding.message
    assert finding.line == 3


def test_stays_silent_at_the_limit() -> None:
    assert not list(DeepNesting().check(file_with(5), CodeReviewParams()))
    assert not list(DeepNesting().check(file_with(6), CodeReviewParams(max_nesting=6)))


def test_stays_silent_where_the_engine_cannot_tell() -> None:
    function = FunctionFigures("f", 1, 2, 1, code_lines=1, parameters=0, nesting=None)
    assert not list(DeepNesting().check(FileFigures("a.c", "C", 2, 2, (function,)), CodeReviewParams()))
