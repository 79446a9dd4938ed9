"""Python: the syntax tree decides where functions are, radon how complex they are.

radon's own listing leaves out classes defined inside functions; those are handed to it by themselves,
so that every function is measured once, wherever it stands.
"""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace

from radon.metrics import h_visit_ast, mi_compute
from radon.raw import analyze
from radon.visitors import ComplexityVisitor

from agents.code_reviewer.languages import Language
from agents.code_reviewer.metrics.interface import FileFigures, FunctionFigures, UnmeasurableError
from agents.code_reviewer.metrics.keys import in_python
from agents.code_reviewer.metrics.lines import CodeLines, count_python
from agents.code_reviewer.metrics.outline import Outline, PythonFunction, outline
from agents.code_reviewer.metrics.syntax import PythonCode
from agents.code_reviewer.rules.python import PYTHON_RULES
from agents.contract.schema import Finding, NoteKind

_RECURSION = 12_000
"""Deep enough for a sum of thousands of strings: radon's visitor takes three frames a level."""

_RATED_FROM = 150
"""Code lines from which a file's maintainability is looked at: below, the formula cannot reach rank C."""

_MOST_STRETCH = 300_000
"""radon's line analysis reads a statement anew for each of its lines: beyond this (about 2 s) a file is a data table."""

_WELL_COMMENTED = 50.0
"""Per cent of comments up to which more of them raise the index."""


def measure(file: str, text: str, language: Language, rate_below: float, *, bugs: bool = True) -> FileFigures:
    """The figures of a Python text; its maintainability only where it may be `rate_below` or less, `bugs` where wanted.

    Raises UnmeasurableError when this Python cannot parse the text.
    """
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _RECURSION))
    try:
        with warnings.catch_warnings():
            # Invalid escapes in the repository are not this process's business.
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        code = PythonCode(file, text, tree)
        figures = _measure(code, text, language, rate_below)
        return replace(figures, bugs=tuple(_bugs(code))) if bugs else figures
    except SyntaxError as error:
        where = f"line {error.lineno}: " if error.lineno else ""
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise UnmeasurableError(f"{where}{error.msg} (Python {version})") from error
    except ValueError as error:
        raise UnmeasurableError(f"{type(error).__name__}: {error}") from error
    except (RecursionError, MemoryError) as error:
        raise UnmeasurableError(f"{type(error).__name__}: {error}", NoteKind.ENGINE) from error
    finally:
        sys.setrecursionlimit(limit)


def _bugs(code: PythonCode) -> Iterator[Finding]:
    for rule in PYTHON_RULES:
        yield from rule.check(code)


def _measure(code: PythonCode, text: str, language: Language, rate_below: float) -> FileFigures:
    tree = code.tree
    shape = outline(tree)
    lines = count_python(text, tree, shape.docstrings)
    visitor = ComplexityVisitor.from_ast(tree)
    known: dict[int, int] = {}
    _collect(visitor, known)
    functions = tuple(_figures(function, known, lines) for function in shape.functions)
    volume = float(h_visit_ast(tree).total.volume) if lines.total >= _RATED_FROM else 0.0
    rated = lines.total >= _RATED_FROM and _may_be_low(volume, shape, lines, functions, rate_below)
    return FileFigures(
        file=code.file,
        language=language.name,
        lines=lines.lines,
        code_lines=lines.total,
        functions=functions,
        maintainability=_maintainability(text, volume, visitor) if rated else None,
        unreachable=tuple(sorted(shape.unreachable)),
        repeated_keys=tuple(in_python(code)),
    )


def _figures(function: PythonFunction, known: dict[int, int], lines: CodeLines) -> FunctionFigures:
    node = function.node
    place = _place(node.lineno, node.col_offset)
    if place not in known:
        _collect(ComplexityVisitor.from_ast(node), known)
    end = node.end_lineno or node.lineno
    return FunctionFigures(
        name=function.name,
        line=node.lineno,
        end_line=end,
        complexity=known[place],
        code_lines=lines.own(node.lineno, end, function.inner),
        parameters=function.parameters,
        nesting=function.nesting,
    )


def _place(line: int, column: int) -> int:
    return line << 16 | min(column, 0xFFFF)


def _collect(visitor: ComplexityVisitor, known: dict[int, int]) -> None:
    """Complexity by place of every function that radon found, closures and inner classes included."""
    classes = list(visitor.classes)
    functions = list(visitor.functions)
    while classes:
        found = classes.pop()
        functions.extend(found.methods)
        classes.extend(found.inner_classes)
    while functions:
        function = functions.pop()
        known[_place(function.lineno, function.col_offset)] = function.complexity
        functions.extend(function.closures)


def _may_be_low(
    volume: float, shape: Outline, lines: CodeLines, functions: Sequence[FunctionFigures], rate_below: float
) -> bool:
    """Whether the index can be at or below `rate_below`.

    The index needs a slow pass over all tokens. Cheap figures that err on the low side spare it nearly every file.
    """
    if shape.stretch > _MOST_STRETCH:
        return False
    comments = lines.comments / max(1, lines.total) * 100
    if comments > _WELL_COMMENTED:
        return True
    complexity = sum(function.complexity for function in functions) + 40
    statements = shape.statements * 1.3
    return float(mi_compute(volume, complexity, statements, comments * 0.8)) <= rate_below


def _maintainability(text: str, volume: float, visitor: ComplexityVisitor) -> float | None:
    """The index as `radon mi` prints it, None where radon cannot count the lines."""
    try:
        raw = analyze(text)
    except Exception:  # noqa: BLE001 — radon's line analysis stumbles over some valid files in many ways: unrated
        return None
    comments = (raw.comments + raw.multi) / raw.sloc * 100 if raw.sloc else 0.0
    return float(mi_compute(volume, visitor.total_complexity, raw.lloc, comments))
