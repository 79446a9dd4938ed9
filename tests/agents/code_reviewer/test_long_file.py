"""size/long-file"""

from __future__ import annotations

from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.rules.long_file import LongFile
from agents.code_reviewer.schema import CodeReviewParams
from agents.contract.schema import Severity


def test_finds() -> None:
    (finding,) = LongFile().check(FileFigures("a.py", "Python", 2000, 1501), CodeReviewParams())
    assert finding.severity is Severity.INFO
    assert finding.message == "The file has 1501 code lines (limit 1500)."


def test_stays_silent_at_the_limit() -> None:
    assert not list(LongFile().check(FileFigures("a.py", "Python", 2000, 1500), CodeReviewParams()))
    assert not list(LongFile().check(FileFigures("a.py", "Python", 9, 9), CodeReviewParams(max_file_lines=9)))
