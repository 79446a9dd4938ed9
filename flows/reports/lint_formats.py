"""What `dockyard lint` found, in the formats it can be had in."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from pydantic import JsonValue, TypeAdapter

from agents.contract.schema import Frozen
from flows.definition.problems import Problem
from flows.reports import plain, sarif
from flows.reports.problem_rules import RULES
from flows.reports.sarif import ROOT, SCHEMA, Object, message

_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


class LintFormat(StrEnum):
    """The name of a format, as `dockyard lint --format` takes it."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


class Linted(Frozen):
    """What was found. `files` counts those that were read; `unread` are those that could not be, each with its reason."""

    files: int
    problems: tuple[Problem, ...] = ()
    unread: tuple[Problem, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether there is nothing to mend."""
        return not self.problems and not self.unread


def render(linted: Linted, format: LintFormat, *, version: str) -> str:  # noqa: A002 — the word users know it by
    """What was found, ending with a line break unless it is empty. Text leaves out what could not be read."""
    return _RENDERERS[format](linted, version)


def _text(linted: Linted, _version: str) -> str:
    return "".join(f"{plain.line(str(problem))}\n" for problem in linted.problems)


def _json(linted: Linted, _version: str) -> str:
    found: list[JsonValue] = [problem.model_dump(mode="json") for problem in (*linted.unread, *linted.problems)]
    return plain.inert_json(_JSON.dump_json(found, indent=2).decode()) + "\n"


def _sarif(linted: Linted, version: str) -> str:
    """One SARIF run; its rules are those that the results name.

    Paths below the current folder are relative to it, as code hosts want them; others are whole.
    """
    problems = (*linted.unread, *linted.problems)
    codes = sorted({problem.code for problem in problems})
    invocation: Object = {"executionSuccessful": not linted.unread}
    if linted.unread:
        invocation["toolExecutionNotifications"] = [_notification(problem) for problem in linted.unread]
    run: Object = {
        "tool": {"driver": {"name": "dockyard lint", "version": version, "rules": [_rule(code) for code in codes]}},
        "automationDetails": {"id": "dockyard-lint/"},
        "originalUriBaseIds": {ROOT: {"description": {"text": "The folder in which the command ran."}}},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": _results(problems, codes),
    }
    log: Object = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return plain.inert_json(_JSON.dump_json(log, indent=1).decode()) + "\n"


def _rule(code: str) -> JsonValue:
    rule = RULES[code]
    return {
        "id": code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.title}. {rule.remedy}"},
        "help": {"text": message(rule.remedy)},
        "defaultConfiguration": {"level": "error"},
        "properties": {"precision": "very-high", "tags": ["workflow"]},
    }


def _results(problems: Iterable[Problem], codes: Sequence[str]) -> list[JsonValue]:
    seen: Counter[tuple[str, str, str]] = Counter()
    results: list[JsonValue] = []
    for problem in problems:
        key = (problem.code, problem.file, problem.message)
        # Without the line, so that a problem stays the same one when the file grows above it.
        digest = hashlib.sha256("\0".join((*key, str(seen[key]))).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        seen[key] += 1
        results.append(
            {
                "ruleId": problem.code,
                "ruleIndex": codes.index(problem.code),
                "level": "error",
                "message": {"text": message(_said(problem))},
                "locations": [_location(problem)],
                "partialFingerprints": {"dockyard/v1": digest},
            }
        )
    return results


def _said(problem: Problem) -> str:
    return f"{problem.message} {problem.suggestion}" if problem.suggestion else problem.message


def _location(problem: Problem) -> JsonValue:
    region: Object = {"startLine": problem.line, "startColumn": problem.column}
    return {"physicalLocation": {"artifactLocation": _artifact(problem.file), "region": region}}


def _artifact(file: str) -> Object:
    path, here = Path(file), Path.cwd()
    if path.is_absolute() and path.is_relative_to(here):
        path = path.relative_to(here)
    if reference := sarif.uri(path.as_posix()):
        return {"uri": reference, "uriBaseId": ROOT}
    return {"uri": "file://" + quote(path.resolve().as_posix().encode("utf-8", "replace"), safe="/-._~")}


def _notification(problem: Problem) -> JsonValue:
    text = message(f"{problem.file}: {problem.message}")
    return {"level": "error", "descriptor": {"id": "file/unreadable"}, "message": {"text": text}}


_RENDERERS: dict[LintFormat, Callable[[Linted, str], str]] = {
    LintFormat.TEXT: _text,
    LintFormat.JSON: _json,
    LintFormat.SARIF: _sarif,
}
