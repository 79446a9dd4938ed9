"""The code-reviewer: choose files, measure them, apply the rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agents.code_reviewer.figures import complexity, hotspots, most_complex, sizes
from agents.code_reviewer.languages import language_of
from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.metrics.measure import Choices
from agents.code_reviewer.metrics.pool import measure_all
from agents.code_reviewer.rules import PATTERNS, RULES
from agents.code_reviewer.rules.leniency import SILENT_IN_DEMONSTRATIONS, in_test_code
from agents.code_reviewer.schema import MANIFEST, CodeReview, CodeReviewParams, Scope
from agents.code_reviewer.selection import Excluded, is_demonstration, is_test
from agents.contract.interface import Agent, Context
from agents.contract.schema import Finding, Summary, finish
from agents.contract.workspace import Workspace
from agents.engines import semgrep

_MOST_EXCLUDED = 2000
"""Files named to semgrep as not to be read; findings in further ones are dropped afterwards."""


class CodeReviewer(Agent[CodeReviewParams, CodeReview]):
    """Reviews source code without running any of it."""

    manifest = MANIFEST

    def run(self, params: CodeReviewParams, context: Context) -> CodeReview:
        """Review the workspace. Raises EngineError when semgrep is missing or fails as a whole."""
        workspace = context.workspace
        excluded = Excluded(params.exclude)
        sources = list(workspace.files(lambda file: language_of(file) is not None))
        chosen = [file for file in sources if not excluded(file) and (params.include_tests or not is_test(file))]
        bugs = params.wants(Scope.BUGS)
        choices = Choices(vendored=params.include_vendored, rate_below=params.min_maintainability, bugs=bugs)
        measured = measure_all(workspace, chosen, choices)
        context.log.info("measured %d of %d source files", len(measured), len(sources))
        found = [*_by_figures(workspace, measured, params)]
        if bugs:
            found += [finding for figures in measured for finding in figures.bugs]
            kept = {figures.file for figures in measured}
            found += _by_patterns(workspace, kept, [file for file in sources if file not in kept])
        findings = finish(_lenient(found))
        return CodeReview(
            summary=Summary.of(findings),
            findings=findings,
            notes=workspace.notes,
            files_scanned=len(measured),
            languages=sizes(measured),
            complexity=complexity(measured),
            most_complex=most_complex(measured),
            hotspots=hotspots(measured, context.changes),
        )


def _by_figures(workspace: Workspace, measured: Sequence[FileFigures], params: CodeReviewParams) -> Iterator[Finding]:
    rules = [rule for rule in RULES if params.wants(rule.scope)]
    for figures in measured:
        for rule in rules:
            for finding in rule.check(figures, params):
                line = workspace.line(figures.file, finding.line) if finding.line is not None else None
                yield finding.model_copy(update={"snippet": line})


def _by_patterns(workspace: Workspace, kept: set[str], left_out: Sequence[str]) -> list[Finding]:
    # Naming a file to semgrep spares the time; what is reported is decided by `kept`.
    exclude = [f"/{_literal(file)}" for file in left_out[:_MOST_EXCLUDED]]
    found = semgrep.scan(workspace, [PATTERNS], exclude=exclude)
    return [finding for finding in found if finding.file in kept]


def _literal(file: str) -> str:
    return re.sub(r"([*?\[\]\\!#{}])", r"\\\1", file)


def _lenient(findings: Sequence[Finding]) -> Iterator[Finding]:
    for finding in findings:
        file = finding.file or ""
        if is_test(file):
            milder = in_test_code(finding)
            if milder is not None:
                yield milder
        elif not (finding.rule in SILENT_IN_DEMONSTRATIONS and is_demonstration(file)):
            yield finding
