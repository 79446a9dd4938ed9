"""maintainability/low-index"""

from __future__ import annotations

from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.rules.low_maintainability import LowMaintainability
from agents.code_reviewer.schema import CodeReviewParams
from agents.contract.schema import Severity


def file_with(index: float | None) -> FileFigures:
    return FileFigures("a.py", "Python", 900, 800, maintainability=index)


def test_finds() -> None:
    (finding,) = LowMaintainability().check(file_with(8.96), CodeReviewParams())
    assert finding.severity is Severity.INFO
    assert finding.message == "The maintainability index is 9.0 of 100 (limit 9; 800 code lines)."


def test_stays_silent() -> None:
    rule = LowMaintainability()
    assert not list(rule.check(file_with(9.5), CodeReviewParams()))
    assert not list(rule.check(file_with(None), CodeReviewParams()))
    assert not list(rule.check(file_with(5.0), CodeReviewParams(min_maintainability=4)))
