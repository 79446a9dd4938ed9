"""Where a finding lies decides how much it weighs: test code and demonstrations aren't reached by strangers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import pathspec

from agents.contract.schema import Confidence, Finding, Severity

TEST_FOLDERS = frozenset(
    {
        "test",
        "tests",
        "testing",
        "__tests__",
        "__mocks__",
        "spec",
        "specs",
        "e2e",
        "fixtures",
        "testdata",
        "cypress",
    }
)
TEST_NAME = re.compile(
    r"^(test_.*|conftest|tests)\.py$|_test\.(py|go|rb)$|_spec\.rb$|\.(test|spec)\.\w+$|Tests?\.(java|cs|php)$"
)
DEMONSTRATION_FOLDERS = frozenset(
    {
        "doc",
        "docs",
        "example",
        "examples",
        "sample",
        "samples",
        "demo",
        "demos",
        "tutorial",
        "benchmark",
        "benchmarks",
    }
)
MINIFIED = re.compile(r"\.(min|bundle)\.(js|css|mjs|cjs)$|(^|/)\.yarn/|\.pnp\.c?js$")
"""Built or downloaded by a tool: the finding belongs to its source."""

LOWER = {
    Severity.CRITICAL: Severity.ERROR,
    Severity.ERROR: Severity.WARNING,
    Severity.WARNING: Severity.INFO,
    Severity.INFO: Severity.INFO,
}


class Excluded:
    """Whether a file matches one of some globs in .gitignore manner."""

    def __init__(self, globs: Sequence[str]) -> None:
        self._spec = pathspec.PathSpec.from_lines("gitignore", globs)

    def __call__(self, file: str) -> bool:
        return self._spec.match_file(file)


def is_test(file: str) -> bool:
    """Whether `file` is test code, by its folder or its name."""
    path = PurePosixPath(file)
    return not TEST_FOLDERS.isdisjoint(part.lower() for part in path.parts[:-1]) or bool(TEST_NAME.search(path.name))


def is_demonstration(file: str) -> bool:
    """Whether `file` belongs to documentation, examples or benchmarks."""
    return not DEMONSTRATION_FOLDERS.isdisjoint(part.lower() for part in PurePosixPath(file).parts[:-1])


def weighed(finding: Finding) -> Finding:
    """`finding`, one severity lower and with low confidence where it lies in test code or a demonstration."""
    if finding.file is None or not (is_test(finding.file) or is_demonstration(finding.file)):
        return finding
    return finding.model_copy(update={"severity": LOWER[finding.severity], "confidence": Confidence.LOW})
