"""semgrep's troubles become notes of the right kind: the file's own, or the engine's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.contract.errors import EngineError
from agents.contract.schema import NoteKind
from agents.contract.workspace import Workspace
from agents.engines import semgrep

Answering = Callable[[list[dict[str, object]]], None]

RULE = """rules:
  - id: js-eval
    languages: [javascript]
    severity: ERROR
    message: evaluates text
    pattern: eval(...)
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    root = tmp_path / "repo"
    root.mkdir()
    (root / "fine.js").write_text("eval(x)\n")
    (root / "broken.js").write_text("eval(a);\n{% autoescape off %}\nlet 3x = ;\n")
    return Workspace(root)


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answering:
    """An engine in semgrep's place that gives the answer it is told to, for troubles that cannot be had at will."""

    def answer(errors: list[dict[str, object]]) -> None:
        binary = tmp_path / "semgrep" / "bin" / "semgrep-core"
        binary.parent.mkdir(parents=True)
        (tmp_path / "answer.json").write_text(json.dumps({"results": [], "errors": errors}))
        binary.write_text(f"#!/bin/sh\ncat {tmp_path}/answer.json\n")
        binary.chmod(0o755)
        monkeypatch.setenv("DOCKYARD_SEMGREP_HOME", str(tmp_path))

    return answer


def test_a_file_that_does_not_parse_is_unparsable(workspace: Workspace, tmp_path: Path) -> None:
    rule = tmp_path / "js-eval.yaml"
    rule.write_text(RULE)
    found = semgrep.scan(workspace, [rule])
    assert "fine.js" in {finding.file for finding in found}
    (note,) = workspace.notes
    assert (note.kind, note.file) == (NoteKind.UNPARSABLE, "broken.js")
    assert note.detail.startswith("semgrep: Syntax error at line ")
    assert "broken.js" not in note.detail


def timeout(rule: str, file: str) -> dict[str, object]:
    said = f"Timeout when running {rule} on {file}:\n "
    return {"code": 2, "level": "warn", "type": "Timeout", "rule_id": rule, "message": said, "path": file}


def test_rules_that_ran_out_of_time_are_the_engines_trouble_and_all_named(
    workspace: Workspace, answering: Answering
) -> None:
    out_of_memory = {**timeout("", "fine.js"), "type": "Out of memory", "rule_id": None}
    answering([timeout("js-b", "fine.js"), timeout("folder.js-a", "fine.js"), out_of_memory])
    assert semgrep.scan(workspace, []) == []
    (note,) = workspace.notes
    assert (note.kind, note.file) == (NoteKind.ENGINE, "fine.js")
    assert note.detail == "semgrep: out of memory; timeout of js-a, js-b"


def test_a_file_may_have_both(workspace: Workspace, answering: Answering) -> None:
    partial = {
        "type": ["PartialParsing", []],
        "level": "warn",
        "path": "fine.js",
        "message": "Syntax error at line fine.js:3:\n",
    }
    answering([partial, timeout("js-b", "fine.js")])
    semgrep.scan(workspace, [])
    told = [(note.kind, note.detail) for note in workspace.notes]
    assert told == [
        (NoteKind.ENGINE, "semgrep: timeout of js-b"),
        (NoteKind.UNPARSABLE, "semgrep: Syntax error at line 3"),
    ]


def test_an_error_of_no_file_is_a_failure(workspace: Workspace, answering: Answering) -> None:
    answering([{"type": "Fatal error", "level": "error", "message": "no such rule\n"}])
    with pytest.raises(EngineError, match="semgrep: no such rule"):
        semgrep.scan(workspace, [])


SLOW_RULE = """rules:
  - id: python-block
    languages: [python]
    severity: ERROR
    message: a block with both
    patterns:
      - pattern: first = 1
      - pattern-inside: |
          ...
          $LAST = 2
          ...
"""


@pytest.fixture
def slow(tmp_path: Path) -> tuple[Workspace, Path]:
    """A file that its rule needs a second for: every block of statements is tried, from each statement on."""
    root = tmp_path / "slow"
    root.mkdir()
    block = "\n".join(f"    x{n} = call({n})" for n in range(60))
    functions = "\n".join(f"def f{n}():\n{block}" for n in range(30))
    (root / "slow.py").write_text(f"first = 1\n{functions}\nlast = 2\n")
    rule = tmp_path / "python-block.yaml"
    rule.write_text(SLOW_RULE)
    return Workspace(root), rule


def test_a_rule_has_time_for_a_large_file(slow: tuple[Workspace, Path]) -> None:
    workspace, rule = slow
    assert [(finding.file, finding.line) for finding in semgrep.scan(workspace, [rule])] == [("slow.py", 1)]
    assert workspace.notes == ()


def test_a_file_that_a_rule_gave_up_is_noted(slow: tuple[Workspace, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, rule = slow
    monkeypatch.setattr(semgrep, "RULE_SECONDS", 0.02)
    assert semgrep.scan(workspace, [rule]) == []
    (note,) = workspace.notes
    assert (note.kind, note.file, note.detail) == (NoteKind.ENGINE, "slow.py", "semgrep: timeout of python-block")
