"""A file too large to find one's way in."""

from __future__ import annotations

from collections.abc import Iterator

from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.rules.interface import Rule
from agents.code_reviewer.schema import CodeReviewParams, Scope
from agents.contract.schema import Finding, Severity


class LongFile(Rule):
    """Info above `max_file_lines` code lines."""

    id = "size/long-file"
    scope = Scope.SIZE

    def check(self, figures: FileFigures, params: CodeReviewParams) -> Iterator[Finding]:
        if figures.code_lines > params.max_file_lines:
            yield Finding(
                rule=self.id,
                severity=Severity.INFO,
                message=f"The file has {figures.code_lines} code lines (limit {params.max_file_lines}).",
                file=figures.file,
                remediation="Divide it by topic, each part with a small face to the others.",
            )
