"""The figures of one file, whatever engine took them."""

from __future__ import annotations

from dataclasses import dataclass

from agents.contract.schema import Finding, NoteKind


class UnmeasurableError(Exception):
    """The engine could not read the file; the message says why, `kind` whether the file or the engine is to blame."""

    def __init__(self, message: str, kind: NoteKind = NoteKind.UNPARSABLE) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class FunctionFigures:
    """One function. `nesting` is None where the engine cannot tell it; `parameters` counts positional ones."""

    name: str
    line: int
    end_line: int
    complexity: int
    code_lines: int
    parameters: int
    nesting: int | None


@dataclass(frozen=True)
class RepeatedKey:
    """A key written twice in one literal; `line` is the second. `harmless` when both values are the same."""

    line: int
    key: str
    harmless: bool


@dataclass(frozen=True)
class FileFigures:
    """One file. `maintainability` runs from 0 (worst) to 100, None where it is not computed.

    `unreachable` holds the lines of statements that stand right after one that leaves the block, `bugs` what the
    patterns of `rules/python` found, which need the syntax tree and so are applied where it is.
    """

    file: str
    language: str
    lines: int
    code_lines: int
    functions: tuple[FunctionFigures, ...] = ()
    maintainability: float | None = None
    unreachable: tuple[int, ...] = ()
    repeated_keys: tuple[RepeatedKey, ...] = ()
    bugs: tuple[Finding, ...] = ()
