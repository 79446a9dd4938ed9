"""The patcher over a folder made for the test."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agents.contract.runner import serve
from agents.contract.schema import Failure
from agents.patcher.agent import Patcher
from agents.patcher.edits import Edit
from agents.patcher.schema import PatcherReport

COMMIT = "1" * 40
Call = Callable[..., PatcherReport]
Fail = Callable[..., Failure]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Mapping[str, str | bytes]], Path]:
    """Writes files into the workspace and returns its folder."""

    def do(files: Mapping[str, str | bytes]) -> Path:
        folder = tmp_path / "workspace"
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder

    return do


def _serve(folder: Path, params: dict[str, Any]) -> Any:
    request = {"agent": "patcher", "params": params, "workspace": str(folder), "run": {"commit": COMMIT}}
    return serve(Patcher(), json.dumps(request).encode())


@pytest.fixture
def patcher(write: Callable[[Mapping[str, str | bytes]], Path]) -> Call:
    """Runs the patcher over files; its report."""

    def call(files: Mapping[str, str | bytes], **params: Any) -> PatcherReport:
        result = _serve(write(files), params)
        assert result.failure is None, result.failure
        return PatcherReport.model_validate_json(json.dumps(result.report))

    return call


@pytest.fixture
def failure(write: Callable[[Mapping[str, str | bytes]], Path]) -> Fail:
    """Runs the patcher over files; why it gives no report."""

    def call(files: Mapping[str, str | bytes], **params: Any) -> Failure:
        found: Failure | None = _serve(write(files), params).failure
        assert found is not None
        return found

    return call


def notes(report: PatcherReport) -> str:
    """All notes as one text."""
    return "\n".join(f"{note.file or '-'} {note.kind.value} {note.detail}" for note in report.notes)


def added(report: PatcherReport) -> list[str]:
    """The lines that the patch adds."""
    lines = report.patch.diff.split("\n") if report.patch else []
    return [line[1:] for line in lines if line.startswith("+") and not line.startswith("+++")]


def undo(text: str, edits: list[Edit]) -> list[Edit]:
    """The edits that turn the text with `edits` made back into `text`."""
    back, shift = [], 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        start = edit.start + shift
        back.append(Edit(start, start + len(edit.new), text[edit.start : edit.end]))
        shift += len(edit.new) - (edit.end - edit.start)
    return back
