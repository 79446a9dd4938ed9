"""Every other language with functions, on lizard: tokens instead of a grammar, so a little less exact."""

from __future__ import annotations

from lizard import FileAnalyzer, get_extensions

from agents.code_reviewer.languages import Language
from agents.code_reviewer.metrics.interface import FileFigures, FunctionFigures, UnmeasurableError
from agents.code_reviewer.metrics.lines import count
from agents.contract.schema import NoteKind


def measure(file: str, text: str, language: Language) -> FileFigures:
    """The figures of a text in any language lizard reads. Raises UnmeasurableError when lizard fails on it."""
    lines = count(text, language)
    try:
        analysis = FileAnalyzer(get_extensions([])).analyze_source_code(file, text)
    except Exception as error:  # lizard's readers raise anything on odd input
        raise UnmeasurableError(f"lizard: {type(error).__name__}: {error}", NoteKind.ENGINE) from error
    return FileFigures(
        file=file,
        language=language.name,
        lines=lines.lines,
        code_lines=lines.total,
        functions=tuple(
            FunctionFigures(
                name=function.name,
                line=max(1, function.start_line),
                end_line=function.end_line,
                complexity=function.cyclomatic_complexity,
                code_lines=function.nloc,
                parameters=function.parameter_count,
                nesting=None,
            )
            for function in analysis.function_list
        ),
    )
