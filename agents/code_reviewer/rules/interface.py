"""The seam every metric rule implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.schema import CodeReviewParams, Scope
from agents.contract.schema import Finding


class Rule(ABC):
    """One rule over the figures of one file. `id` reads `<category>/<name>`."""

    id: ClassVar[str]
    scope: ClassVar[Scope]

    @abstractmethod
    def check(self, figures: FileFigures, params: CodeReviewParams) -> Iterator[Finding]:
        """Findings in one file, without snippets."""
