"""semgrep's native engine with rules of our own, isolated from the repository's configuration.

The Python command line of semgrep costs 10 s to start; its native engine, called under the name
`osemgrep`, starts in 0.1 s and gives the same matches. Rules are YAML files beside the agent.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from agents.contract.errors import EngineError
from agents.contract.schema import Confidence, Finding, NoteKind, Severity
from agents.contract.workspace import MAX_TEXT_BYTES, VENDORED, Workspace
from agents.engines import process

SEVERITIES = {
    "CRITICAL": Severity.CRITICAL,
    "ERROR": Severity.ERROR,
    "WARNING": Severity.WARNING,
    "INFO": Severity.INFO,
}


def home() -> Path:
    """The folder that semgrep was unpacked into: `DOCKYARD_SEMGREP_HOME`, else beside this Python's environment."""
    return Path(os.environ.get("DOCKYARD_SEMGREP_HOME") or Path(sys.prefix) / "semgrep")


def scan(workspace: Workspace, rules: Sequence[Path], *, exclude: Sequence[str] = (), jobs: int = 2) -> list[Finding]:
    """Run `rules` (YAML files or folders of them) over the workspace.

    A rule's `metadata` may carry `category` (first half of the finding's rule name; default
    `security`), `cwe` (`CWE-89`), `confidence` (HIGH, MEDIUM, LOW) and `remediation`. `exclude`
    holds globs in gitignore manner. Files that the engine could not parse become notes.
    """
    binary = home() / "semgrep" / "bin" / "semgrep-core"
    if not binary.is_file():
        raise EngineError(f"semgrep's native engine is not at {binary}; `dockyard doctor` says how to get it")
    with tempfile.TemporaryDirectory(prefix="semgrep-") as scratch:
        # semgrep writes its settings by renaming over this path: it must be private and temporary.
        env = {"SEMGREP_SETTINGS_FILE": str(Path(scratch) / "settings.yml"), "HOME": scratch}
        command: list[str | Path] = ["osemgrep", "scan", "--experimental", "--json", "--metrics=off"]
        command += ["--disable-version-check", "--disable-nosem", "--no-git-ignore", "--oss-only"]
        command += [
            "--x-ignore-semgrepignore-files",
            "--jobs",
            str(jobs),
            "--max-target-bytes",
            str(MAX_TEXT_BYTES),
        ]
        for rule in rules:
            command += ["--config", rule]
        for pattern in (*sorted(VENDORED), *exclude):
            command += ["--exclude", pattern]
        output = process.run([*command, "."], cwd=workspace.root, env=env, executable=binary, ok=(0, 1, 2))
    try:
        answer = json.loads(output)
    except ValueError as error:
        raise EngineError(f"semgrep answered something that is not JSON: {output[:200]!r}") from error
    for problem in answer.get("errors", ()):
        _note(workspace, problem)
    return [_finding(workspace, match) for match in answer["results"]]


def _note(workspace: Workspace, problem: dict[str, Any]) -> None:
    path = problem.get("path")
    detail = str(problem.get("message", "")).strip().splitlines()
    if path:
        file = PurePosixPath(path).as_posix()
        workspace.note(NoteKind.UNPARSABLE, file, f"semgrep: {detail[0] if detail else 'not parsed'}"[:300])
    elif problem.get("level") == "error":
        raise EngineError(f"semgrep: {detail[0] if detail else problem}"[:600])


def _finding(workspace: Workspace, match: dict[str, Any]) -> Finding:
    extra = match["extra"]
    metadata = extra.get("metadata", {})
    file = PurePosixPath(match["path"]).as_posix()
    line = match["start"]["line"]
    return Finding(
        # check_id is the dotted path of the rule file followed by the rule's id.
        rule=f"{metadata.get('category', 'security')}/{match['check_id'].rpartition('.')[2]}",
        severity=SEVERITIES[extra["severity"].upper()],
        message=extra["message"].strip(),
        file=file,
        line=line,
        column=match["start"]["col"],
        end_line=match["end"]["line"],
        snippet=workspace.line(file, line),
        remediation=metadata.get("remediation"),
        cwe=metadata.get("cwe"),
        confidence=Confidence(str(metadata.get("confidence", "HIGH")).lower()),
    )
