"""One file to its figures, whatever its language."""

from __future__ import annotations

from dataclasses import dataclass

from agents.code_reviewer.languages import Language, language_of
from agents.code_reviewer.metrics import ecmascript, other, python
from agents.code_reviewer.metrics.interface import FileFigures, UnmeasurableError
from agents.code_reviewer.metrics.lines import count
from agents.code_reviewer.selection import generated, vendored_folder
from agents.contract.schema import NoteKind
from agents.contract.workspace import Workspace


@dataclass(frozen=True)
class Choices:
    """`vendored`: measure copies of other people's code too. `rate_below`: the maintainability of interest.

    `bugs`: look for the bug patterns of Python, too.
    """

    vendored: bool = False
    rate_below: float = 9.0
    bugs: bool = True


def measure(workspace: Workspace, file: str, choices: Choices) -> FileFigures | None:
    """Read and measure `file`; None, with a note, where it can't be read or is nobody's to maintain here."""
    language = language_of(file)
    if language is None:
        return None
    folder = vendored_folder(file)
    if folder is not None and not choices.vendored:
        workspace.note(NoteKind.VENDORED, folder, "copies of other people's code")
        return None
    text = workspace.read_text(file)
    if text is None:
        return None
    reason = generated(file, text)
    if reason is not None:
        workspace.note(NoteKind.VENDORED, file, reason)
        return None
    if not language.measured:
        lines = count(text, language)
        return FileFigures(file=file, language=language.name, lines=lines.lines, code_lines=lines.total)
    return _measure(workspace, file, text, language, choices)


def _measure(workspace: Workspace, file: str, text: str, language: Language, choices: Choices) -> FileFigures:
    try:
        if language.name == "Python":
            return python.measure(file, text, language, choices.rate_below, bugs=choices.bugs)
        if language.name in {"JavaScript", "TypeScript"}:
            return ecmascript.measure(file, text, language)
        return other.measure(file, text, language)
    except UnmeasurableError as error:
        reason, kind = str(error), error.kind
    try:
        # Tokens are there even where the grammar is not met: a figure to go by, marked as such.
        figures = other.measure(file, text, language)
    except UnmeasurableError:
        workspace.note(kind, file, f"functions not measured: {reason}")
        lines = count(text, language)
        return FileFigures(file=file, language=language.name, lines=lines.lines, code_lines=lines.total)
    workspace.note(kind, file, f"complexity estimated from tokens: {reason}")
    return figures
