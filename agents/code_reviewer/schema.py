"""What the code-reviewer takes and answers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from agents.contract.manifest import Limits, Manifest
from agents.contract.schema import Frozen, Params, Report


class Scope(StrEnum):
    """What a review looks at."""

    COMPLEXITY = "complexity"
    SIZE = "size"
    BUGS = "bugs"


class CodeReviewParams(Params):
    """Params of the code-reviewer. A figure above its `max_…` is a finding; lines are code lines."""

    scope: Annotated[
        Literal["all"] | Scope | tuple[Scope, ...],
        Field(description="`all`, one of `complexity`, `size` and `bugs`, or a list of them"),
    ] = "all"
    max_complexity: Annotated[
        int, Field(ge=1, description="cyclomatic complexity of a function above which it is a warning")
    ] = 15
    error_complexity: Annotated[
        int, Field(ge=1, description="cyclomatic complexity of a function above which it is an error")
    ] = 50
    max_nesting: Annotated[int, Field(ge=1, description="blocks inside each other within one function")] = 5
    max_function_lines: Annotated[int, Field(ge=1, description="code lines of one function")] = 100
    max_parameters: Annotated[
        int, Field(ge=0, description="parameters of one function that a caller may pass by position")
    ] = 8
    max_file_lines: Annotated[int, Field(ge=1, description="code lines of one file")] = 1500
    min_maintainability: Annotated[
        float,
        Field(ge=0, le=100, description="maintainability index of a Python file at or below which it is told"),
    ] = 9.0
    exclude: Annotated[tuple[str, ...], Field(description="globs in .gitignore manner of files to leave out")] = ()
    include_tests: Annotated[bool, Field(description="whether test code is reviewed too")] = True
    include_vendored: Annotated[bool, Field(description="whether copies of other people's code are too")] = False

    def wants(self, scope: Scope) -> bool:
        """Whether `scope` was asked for."""
        return self.scope in ("all", scope) or (isinstance(self.scope, tuple) and scope in self.scope)


class LanguageSize(Frozen):
    """Size of one language's files: `lines` counts all, `code_lines` those with neither only a comment nor blank."""

    language: str
    files: int
    lines: int
    code_lines: int


class ComplexFunction(Frozen):
    """One function and its cyclomatic complexity. `name` is qualified: `Class.method`, `outer.inner`."""

    name: str
    file: str
    line: int
    complexity: int


class Hotspot(ComplexFunction):
    """A complex function in a file that changes. `changes`: commits of the past year; None where that is not known."""

    changes: int | None = None


class ComplexityBin(Frozen):
    """How many functions have a cyclomatic complexity from `low` to `high`; `high` is None for the open end."""

    low: int
    high: int | None
    functions: int


class ComplexityFigures(Frozen):
    """Cyclomatic complexity over all functions measured; all 0 where there are none, and no histogram then."""

    functions: int = 0
    mean: float = 0.0
    median: float = 0.0
    p95: float = 0.0
    max: int = 0
    histogram: tuple[ComplexityBin, ...] = ()


class CodeReview(Report):
    """The code-reviewer's report. `languages` comes with the most code first.

    `hotspots` are the functions with the most complexity times changes of their file, worst first; without a history the
    most complex ones.
    """

    languages: tuple[LanguageSize, ...] = ()
    complexity: ComplexityFigures = ComplexityFigures()
    most_complex: ComplexFunction | None = None
    hotspots: tuple[Hotspot, ...] = ()


MANIFEST = Manifest(
    name="code-reviewer",
    version="0.1.0",
    description="Size, complexity, maintainability and bug patterns of a repository's source code.",
    params=CodeReviewParams,
    report=CodeReview,
    history=True,
    limits=Limits(memory_mb=2048, cpus=2.0),
)
