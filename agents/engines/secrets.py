"""Secrets: betterleaks and rules of our own, merged, triaged and redacted.

The engine runs without network and apart from the repository's configuration: from an empty folder, with
an empty ignore file (a `.betterleaksignore` in the target would otherwise hide a secret by its hash) and
with inline allow markers switched off.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pathspec

from agents.contract.errors import EngineError
from agents.contract.schema import Confidence, Finding, NoteKind, Severity
from agents.contract.workspace import MAX_TEXT_BYTES, Workspace
from agents.engines import process, secret_literals, secret_values

CWE = "CWE-798"
REMEDIATION = (
    "Revoke and replace this secret now: whoever can read the repository's history has it. "
    "Then read it from a secret store or the environment, and clean the history if it was ever published."
)
DEFAULT_REMEDIATION = "Leave the default out and stop with a clear error when the variable isn't set."
NO_SECRET = re.compile(
    r"(?:-(?:id|url|host|name|domain|username|address)|-pub-key|-public-key|-public-api-token)(?:\.\d+)?$"
)
"""Engine rules for parts of a pair (an account's id, a server's URL) that are public by themselves."""
GENERIC = frozenset({"generic-password", "generic-api-key", "generic-credential-uri", "jwt", "jwt-base64",
                     "curl-auth-user", "curl-auth-header", "hashicorp-tf-password"})  # fmt: skip
HASH_CONTEXT = re.compile(
    r"integrity|checksum|sha-?(?:1|256|384|512)|digest|fingerprint|\bhash\b|commit|revision|etag",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Hit:
    """One possible secret before triage. `value` is in the clear and must not leave this module."""

    rule: str
    file: str
    line: int
    end_line: int
    column: int
    value: str
    confidence: Confidence
    name: str = ""


def scan(workspace: Workspace, *, exclude: Sequence[str] = ()) -> list[Finding]:
    """Find secrets in the workspace's files; `exclude` holds globs in gitignore manner.

    A snippet shows the line with every secret in it replaced by `[redacted]`. Raises EngineError when the
    engine is missing or answers something unreadable. Files that could not be read become notes, and so
    do generic hits in tests and documents, counted.
    """
    skip = pathspec.GitIgnoreSpec.from_lines(exclude)
    texts: dict[str, str] = {}
    for file in workspace.files(lambda name: not skip.match_file(name)):
        content = workspace.read_bytes(file)
        if content is None:
            continue
        if b"\0" in content[:8192]:
            workspace.note(NoteKind.BINARY, file)
            continue
        texts[file] = content.decode("utf-8", "replace")
    hits = [hit for hit in _engine(workspace.root) if hit.file in texts]
    # Own hits in tests and documents would be left out anyway: thousands of tests need no parsing.
    hits += [h for file, text in texts.items() if not secret_values.is_sample_place(file) for h in _own(file, text)]
    return _triaged(workspace, hits, texts)


def _engine(root: Path) -> Iterator[Hit]:
    # Imported here: the package loads a shared library, which the other engines do without.
    from betterleaks.cli import get_binary_path

    with tempfile.TemporaryDirectory(prefix="secrets-") as scratch:
        ignore, report = Path(scratch) / "ignore", Path(scratch) / "report.json"
        ignore.touch()
        command: list[str | Path] = [get_binary_path(), "fs", root.resolve(), "--output", report]
        command += [
            "--ignore-file",
            ignore,
            "--no-allow-signatures",
            "--exit-code=0",
            "--max-archive-depth=0",
        ]
        command += ["--no-banner", "--no-color", "--log-level=error", "--jobs=4"]
        command += [f"--max-target-megabytes={MAX_TEXT_BYTES >> 20}"]
        process.run(command, cwd=Path(scratch), env={"HOME": scratch})
        try:
            answer = json.loads(report.read_bytes().decode("utf-8", "replace"))
        except (OSError, ValueError) as error:
            raise EngineError("betterleaks left no readable report; is its version the pinned one?") from error
    for entry in answer["findings"] or ():
        yield from _hits(root.resolve(), entry)


def _hits(root: Path, entry: dict[str, Any]) -> Iterator[Hit]:
    parts = [part for group in entry.get("component_sets") or () for part in group["components"]]
    for item in (entry, *parts):
        place = item["location"]
        path = Path(place["path"])
        yield Hit(
            rule=re.sub(r"\.\d+$", "", item["rule_id"]),
            file=(path.relative_to(root) if path.is_relative_to(root) else path).as_posix(),
            line=place["start_line"],
            end_line=place["end_line"],
            column=max(place["start_column"], 1),
            value=item["match"]["value"],
            confidence=Confidence(item.get("confidence") or entry.get("confidence") or "low"),
        )


def _own(file: str, text: str) -> Iterator[Hit]:
    for literal in secret_literals.find(file, text):
        at = literal.line
        confidence = Confidence.MEDIUM
        yield Hit(literal.rule, file, at, at, literal.column, literal.value, confidence, literal.name)


def _triaged(workspace: Workspace, hits: list[Hit], texts: dict[str, str]) -> list[Finding]:
    kept: list[tuple[Hit, Severity, Confidence]] = []
    samples = 0
    lines = {file: texts[file].split("\n") for file in {hit.file for hit in hits}}
    for hit in hits:
        line = lines[hit.file][hit.line - 1] if hit.line <= len(lines[hit.file]) else ""
        if not _is_secret(hit, line):
            continue
        if _is_generic(hit) and secret_values.is_sample_place(hit.file):
            samples += 1
            continue
        severity, confidence = _weight(hit)
        kept.append((hit, severity, confidence))
    if samples:
        workspace.note(
            NoteKind.ENGINE,
            None,
            f"secrets: {samples} generic hits in tests, documents and examples left out",
        )
    values: dict[str, set[str]] = {}
    for hit in (hit for hit in hits if not NO_SECRET.search(hit.rule)):
        values.setdefault(hit.file, set()).update(part for part in hit.value.split("\n") if len(part) >= 3)
    return [_finding(*entry, lines[entry[0].file], values[entry[0].file]) for entry in _merged(kept)]


def _merged(kept: list[tuple[Hit, Severity, Confidence]]) -> list[tuple[Hit, Severity, Confidence]]:
    """One entry per secret: where two rules saw the same value, the worse and more exact one stays."""
    order = {secret_literals.ENVIRONMENT_DEFAULT: 1, secret_literals.HARD_CODED: 3}
    chosen: dict[tuple[str, int], list[tuple[Hit, Severity, Confidence]]] = {}
    for entry in sorted(kept, key=lambda e: (e[1].rank, order.get(e[0].rule, 2), e[0].rule)):
        hit = entry[0]
        there = chosen.setdefault((hit.file, hit.line), [])
        if not any(
            hit.value in other.value or other.value in hit.value or (hit.rule, hit.column) == (other.rule, other.column)
            for other, _, _ in there
        ):
            there.append(entry)
    return [entry for there in chosen.values() for entry in there]


def _is_generic(hit: Hit) -> bool:
    return hit.rule in GENERIC or hit.rule in {
        secret_literals.ENVIRONMENT_DEFAULT,
        secret_literals.HARD_CODED,
    }


def _is_secret(hit: Hit, line: str) -> bool:
    if NO_SECRET.search(hit.rule):
        return False
    if hit.rule not in GENERIC:
        return hit.rule.startswith(("environment-", "hard-coded")) or not secret_values.is_sample_key(hit.value)
    if secret_values.is_generated_place(hit.file) or len(line) > 2000 or secret_values.is_placeholder(hit.value):
        return False
    if hit.rule in {"generic-password", "generic-api-key"}:
        bare = secret_values.is_wordy(hit.value)
        return not bare and not (hit.rule == "generic-api-key" and HASH_CONTEXT.search(line))
    return True


def _weight(hit: Hit) -> tuple[Severity, Confidence]:
    sample = secret_values.is_sample_place(hit.file)
    if hit.rule == "private-key" and sample:
        return Severity.INFO, Confidence.LOW
    if _is_generic(hit):
        weak = hit.rule not in {secret_literals.ENVIRONMENT_DEFAULT, "generic-credential-uri"} and len(hit.value) < 12
        return Severity.WARNING, Confidence.LOW if weak else Confidence.MEDIUM
    if sample:
        return Severity.WARNING, Confidence.MEDIUM
    if hit.confidence is Confidence.HIGH:
        return Severity.CRITICAL, Confidence.HIGH
    return Severity.ERROR, Confidence.MEDIUM


def _finding(hit: Hit, severity: Severity, confidence: Confidence, lines: list[str], values: set[str]) -> Finding:
    line = lines[hit.line - 1] if hit.line <= len(lines) else ""
    snippet = line
    for value in sorted(values, key=len, reverse=True):
        if not re.fullmatch(r"-----BEGIN [A-Z0-9 ]+-----", value.strip()):
            snippet = snippet.replace(value, "[redacted]")
    if "\n" not in hit.value and hit.value not in line:
        snippet = "[redacted]"  # decoded by the engine: what stands there is the secret in another form
    what = hit.rule.replace("-", " ")
    message = f"A {what} is written into this file, in the clear for everyone who can read the repository."
    remediation = REMEDIATION
    if hit.rule == secret_literals.ENVIRONMENT_DEFAULT:
        message = f"{hit.name} falls back to a value written here: unless it is set, everybody knows it."
        remediation = DEFAULT_REMEDIATION
    elif hit.name:
        message = f"{hit.name} is given a literal value here; it looks like a real secret."
    return Finding(
        rule=f"secrets/{hit.rule}",
        severity=severity,
        message=message,
        file=hit.file,
        line=hit.line,
        column=hit.column,
        end_line=max(hit.end_line, hit.line),
        snippet=snippet.strip()[:400],
        remediation=remediation,
        cwe=CWE,
        confidence=confidence,
    )
