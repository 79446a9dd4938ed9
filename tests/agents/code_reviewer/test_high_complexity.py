"""complexity/high-complexity"""

from __future__ import annotations

import pytest

from agents.code_reviewer.metrics.interface import FileFigures, FunctionFigures
from agents.code_reviewer.rules.high_complexity import HighComplexity
from agents.code_reviewer.schema import CodeReviewParams
from agents.contract.schema import Severity


def file_with(complexity: int) -> FileFigures:
    function = FunctionFigures("f", 3, 9, complexity, code_lines=7, parameters=0, nesting=1)
    return FileFigures("a.py", "Python", 9, 9, (function,))


@pytest.mark.parametrize(("complexity", "severity", "limit"), [(16, "warning", 15), (50, "warning", 15), (51, "error", 50)])
def test_finds(complexity: int, severity: str, limit: int) -> None:
    (finding,) = HighComplexity().check(file_with(complexity), CodeReviewParams())
    assert finding.severity is Severity(severity)
    assert finding.message == f"`f` has a cyclomatic complexity of {complexity} (limit {limit})."
    assert (finding.file, finding.line, finding.end_line) == ("a.py", 3, 9)


def test_stays_silent_at_the_limit() -> None:
    assert not list(HighComplexity().check(file_with(15), CodeReviewParams()))
    assert not list(HighComplexity().check(file_with(20), CodeReviewParams(max_complexity=20)))
