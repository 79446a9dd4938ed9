"""A Python file whose maintainability index is in the lowest rank.

The index joins Halstead volume, cyclomatic complexity, lines and comments on a scale from 100 down to 0;
radon's rank C ends at 9 (https://radon.readthedocs.io/en/latest/intro.html#maintainability-index).
"""

from __future__ import annotations

from collections.abc import Iterator

from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.rules.interface import Rule
from agents.code_reviewer.schema import CodeReviewParams, Scope
from agents.contract.schema import Confidence, Finding, Severity


class LowMaintainability(Rule):
    """Info at or below `min_maintainability`: the index grades mostly size, so it is a hint."""

    id = "maintainability/low-index"
    scope = Scope.COMPLEXITY

    def check(self, figures: FileFigures, params: CodeReviewParams) -> Iterator[Finding]:
        index = figures.maintainability
        if index is not None and index <= params.min_maintainability:
            yield Finding(
                rule=self.id,
                severity=Severity.INFO,
                message=(
                    f"The maintainability index is {index:.1f} of 100 "
                    f"(limit {params.min_maintainability:g}; {figures.code_lines} code lines)."
                ),
                file=figures.file,
                remediation="Divide the file by topic; its most complex functions are the place to begin.",
                confidence=Confidence.MEDIUM,
            )
