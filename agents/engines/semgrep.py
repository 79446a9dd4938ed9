"""semgrep's native engine with rules of our own, isolated from the repository's configuration.

The Python command line of semgrep costs 10 s to start; its native engine, called under the name
`osemgrep`, starts in 0.1 s and gives the same matches. Rules are YAML files beside the agent.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
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

RULE_SECONDS = 60
"""How long one rule may take over one file: seconds of wall clock, the engine knows no other.

The slowest of the security-scanner's rules needs 2 s for the largest file of six well-known packages (jquery.js in
django) on an idle machine, and 11 s on one with five times the work it can do. With the engine's own limit of 5 s it
was the machine's load that decided which findings a report had.
"""

RULES_GIVEN_UP = 3
"""After so many rules that took too long a file is left: one made to be slow then costs minutes, not the scan."""

ALL_SECONDS = 800.0
"""How long one run of the engine may take in all: below the limits of the agents, so that the reason arrives."""

_SYNTAX = frozenset({"Lexical error", "Syntax error", "Other syntax error", "AST builder error", "PartialParsing"})
"""Types of error that lie in the file: its text is not, or not all, valid. Any other is the engine's: time, memory."""


def home() -> Path:
    """The folder that semgrep was unpacked into: `DOCKYARD_SEMGREP_HOME`, else beside this Python's environment."""
    return Path(os.environ.get("DOCKYARD_SEMGREP_HOME") or Path(sys.prefix) / "semgrep")


def scan(workspace: Workspace, rules: Sequence[Path], *, exclude: Sequence[str] = (), jobs: int = 2) -> list[Finding]:
    """Run `rules` (YAML files or folders of them) over the workspace.

    A rule's `metadata` may carry `category` (first half of the finding's rule name; default
    `security`), `cwe` (`CWE-89`), `confidence` (HIGH, MEDIUM, LOW) and `remediation`. `exclude`
    holds globs in gitignore manner. Files that don't parse become notes, and so do those that the engine gave up:
    after `RULE_SECONDS` a rule on a file, after `RULES_GIVEN_UP` such rules the file. Raises EngineError when the
    engine is missing, fails as a whole or does not finish within `ALL_SECONDS`.
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
            # Processes. Its threads stop one another at each collection of garbage: twice the CPU on a busy machine.
            "--x-parmap",
            "--max-target-bytes",
            str(MAX_TEXT_BYTES),
            "--timeout",
            str(RULE_SECONDS),
            "--timeout-threshold",
            str(RULES_GIVEN_UP),
        ]
        for rule in rules:
            command += ["--config", rule]
        for pattern in (*sorted(VENDORED), *exclude):
            command += ["--exclude", pattern]
        command.append(".")
        output = process.run(command, cwd=workspace.root, env=env, executable=binary, ok=(0, 1, 2), timeout=ALL_SECONDS)
    try:
        answer = json.loads(output)
    except ValueError as error:
        raise EngineError(f"semgrep answered something that is not JSON: {output[:200]!r}") from error
    _note(workspace, answer.get("errors", ()))
    return [_finding(workspace, match) for match in answer["results"]]


def _note(workspace: Workspace, problems: Iterable[dict[str, Any]]) -> None:
    """Note each file that was not read, or not by all rules. Raises EngineError for an error of no file."""
    given_up: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for problem in problems:
        path, kind = problem.get("path"), _kind(problem)
        said = str(problem.get("message", "")).strip().splitlines()
        if path and kind in _SYNTAX:
            # The message begins with "Syntax error at line <file>:<line>:"; the note has the file already.
            text = said[0].replace(f"{path}:", "").rstrip(": ") if said else kind
            workspace.note(NoteKind.UNPARSABLE, PurePosixPath(path).as_posix(), f"semgrep: {text}"[:300])
        elif path:
            given_up[PurePosixPath(path).as_posix(), kind].add(str(problem.get("rule_id") or "").rpartition(".")[2])
        elif problem.get("level") == "error":
            raise EngineError(f"semgrep: {said[0] if said else problem}"[:600])
    by_file: defaultdict[str, list[str]] = defaultdict(list)
    for (file, kind), rules in sorted(given_up.items()):
        named = ", ".join(sorted(rules - {""}))
        by_file[file].append(kind.lower() + (f" of {named}" if named else ""))
    for file, reasons in by_file.items():
        workspace.note(NoteKind.ENGINE, file, f"semgrep: {'; '.join(reasons)}"[:600])


def _kind(problem: dict[str, Any]) -> str:
    """The name of an error's type, which comes alone or at the head of a list with its places."""
    kind = problem.get("type")
    return str(kind[0] if isinstance(kind, list) and kind else kind)


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
