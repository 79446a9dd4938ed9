"""The report's own figures: sizes by language, complexity over all functions."""

from __future__ import annotations

import heapq
import math
import statistics
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from agents.code_reviewer.metrics.interface import FileFigures, FunctionFigures
from agents.code_reviewer.schema import ComplexFunction, ComplexityBin, ComplexityFigures, Hotspot, LanguageSize

HOTSPOTS = 20
BINS = (1, 6, 11, 16, 21, 31, 51)
"""Where the bins of the histogram begin."""


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
        histogram=_histogram(values),
    )


def _histogram(values: Sequence[int]) -> tuple[ComplexityBin, ...]:
    """`values` are in order."""
    ends: list[int | None] = [*(low - 1 for low in BINS[1:]), None]
    places = [0, *(bisect_left(values, low) for low in BINS[1:]), len(values)]
    return tuple(
        ComplexityBin(low=low, high=high, functions=after - before)
        for low, high, (before, after) in zip(BINS, ends, pairwise(places), strict=True)
    )


def hotspots(files: Sequence[FileFigures], changes: Mapping[str, int]) -> tuple[Hotspot, ...]:
    """The functions with the most complexity times changes of their file in the past year, worst first.

    Equals come by complexity, file and line. Those with no branch at all are none. Without a history, by complexity alone.
    The measure is that of A. Tornhill, Your Code as a Crime Scene (2015): complex code costs where it is worked on.
    """
    functions = [(function, file.file) for file in files for function in file.functions if function.complexity > 1]

    def weight(pair: tuple[FunctionFigures, str]) -> tuple[int, int, str, int]:
        function, file = pair
        product = function.complexity * changes.get(file, 0)
        return -product, -function.complexity, file, function.line

    return tuple(
        Hotspot(
            name=function.name,
            file=file,
            line=function.line,
            complexity=function.complexity,
            changes=changes.get(file, 0) if changes else None,
        )
        for function, file in heapq.nsmallest(HOTSPOTS, functions, key=weight)
    )


def most_complex(files: Sequence[FileFigures]) -> ComplexFunction | None:
    """The most complex function; of equals the first by file and line. None where there is no function."""
    functions = [(function, file.file) for file in files for function in file.functions]
    if not functions:
        return None
    function, file = min(functions, key=lambda pair: (-pair[0].complexity, pair[1], pair[0].line))
    return ComplexFunction(name=function.name, file=file, line=function.line, complexity=function.complexity)
