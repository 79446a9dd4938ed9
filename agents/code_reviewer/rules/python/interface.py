"""The seam of every bug pattern that a Python file's syntax tree decides."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Protocol

from agents.code_reviewer.metrics.syntax import PythonCode
from agents.contract.schema import Confidence, Finding, Severity


class Placed(Protocol):
    """A node with a place in the text."""

    lineno: int
    col_offset: int
    end_lineno: int | None


class PythonRule(ABC):
    """One pattern. `id` reads `<category>/<name>`; `{name}` in message and remediation stands for a piece of the source."""

    id: ClassVar[str]
    severity: ClassVar[Severity]
    message: ClassVar[str]
    remediation: ClassVar[str]
    confidence: ClassVar[Confidence] = Confidence.HIGH
    cwe: ClassVar[str | None] = None

    @abstractmethod
    def check(self, code: PythonCode) -> Iterator[Finding]:
        """Findings in one file, without fingerprints."""

    def at(self, code: PythonCode, node: Placed, **pieces: ast.expr | str) -> Finding:
        """The finding that begins where `node` does, `pieces` written into its texts."""
        written = {name: piece if isinstance(piece, str) else code.source(piece) for name, piece in pieces.items()}
        return Finding(
            rule=self.id,
            severity=self.severity,
            message=self.message.format(**written) if written else self.message,
            file=code.file,
            line=node.lineno,
            column=code.column(node.lineno, node.col_offset) + 1,
            end_line=node.end_lineno,
            snippet=code.line(node.lineno).strip()[:400],
            remediation=self.remediation.format(**written) if written else self.remediation,
            cwe=self.cwe,
            confidence=self.confidence,
        )
