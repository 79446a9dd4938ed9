"""The report's own figures: sizes by language, complexity over all functions."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence

from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.schema import ComplexFunction, ComplexityFigures, LanguageSize


def sizes(files: Sequence[FileFigures]) -> tuple[LanguageSize, ...]:
    """Files, lines and code lines by language, the most code first."""
    number: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    code: Counter[str] = Counter()
    for file in files:
        number[file.language] += 1
        lines[file.language] += file.lines
        code[file.language] += file.code_lines
    return tuple(
        LanguageSize(language=name, files=number[name], lines=lines[name], code_lines=code[name])
        for name in sorted(number, key=lambda name: (-code[name], name))
    )


def complexity(files: Sequence[FileFigures]) -> ComplexityFigures:
    """Mean, median, 95th percentile (nearest rank) and maximum over all functions of `files`."""
    values = sorted(function.complexity for file in files for function in file.functions)
    if not values:
        return ComplexityFigures()
    return ComplexityFigures(
        functions=len(values),
        mean=round(statistics.fmean(values), 2),
        median=statistics.median(values),
        p95=values[math.ceil(0.95 * len(values)) - 1],
        max=values[-1],
    )


def most_complex(files: Sequence[FileFigures]) -> ComplexFunction | None:
    """The most complex function; of equals the first by file and line. None where there is no function."""
    functions = [(function, file.file) for file in files for function in file.functions]
    if not functions:
        return None
    function, file = min(functions, key=lambda pair: (-pair[0].complexity, pair[1], pair[0].line))
    return ComplexFunction(name=function.name, file=file, line=function.line, complexity=function.complexity)
