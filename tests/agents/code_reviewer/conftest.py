"""Helpers of the code-reviewer's tests."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from agents.code_reviewer.agent import CodeReviewer
from agents.code_reviewer.metrics.interface import FileFigures
from agents.code_reviewer.metrics.measure import Choices, measure
from agents.code_reviewer.schema import CodeReview, CodeReviewParams
from agents.contract.interface import Context
from agents.contract.schema import RunInfo
from agents.contract.workspace import Workspace

Write = Callable[[dict[str, str | bytes]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files (path → content) into a fresh repository and return its root."""
    root = tmp_path / "repo"

    def files(contents: dict[str, str | bytes]) -> Path:
        for name, content in contents.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return root

    return files


@pytest.fixture
def figures_of(write: Write) -> Callable[[str, str], FileFigures]:
    """Measure one text under the given file name."""

    def one(name: str, text: str) -> FileFigures:
        found = measure(Workspace(write({name: text})), name, Choices(rate_below=100))
        assert found is not None
        return found

    return one


@pytest.fixture
def review() -> Callable[..., CodeReview]:
    """Run the agent over a folder, whose files have changed so often in the past year."""

    def run(root: Path, params: CodeReviewParams, changes: Mapping[str, int] | None = None) -> CodeReview:
        log = logging.getLogger("test")
        context = Context(workspace=Workspace(root), run=RunInfo(), log=log, changes=changes or {})
        return CodeReviewer().run(params, context)

    return run
