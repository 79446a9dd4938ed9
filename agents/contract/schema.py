"""The data that crosses the container's wall: Request in, Result out, Findings and Patches inside."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

CONTRACT_VERSION = 1


class Frozen(BaseModel):
    """Base of all data at a seam: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Severity(StrEnum):
    """How bad a finding is, worst first."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst; grows as severity falls."""
        return list(Severity).index(self)


class Confidence(StrEnum):
    """How sure the rule is that the finding is true."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Finding(Frozen):
    """One entry of a report.

    `rule` is `<category>/<name>`, e.g. `secrets/aws-access-key`. `file` is relative to the workspace
    root with forward slashes; `line` and `column` count from 1. `snippet` is the source line as it
    stands, never with a secret in the clear. `cwe` reads `CWE-89`. `fingerprint` is stable across
    runs and unrelated edits of the file.
    """

    rule: Annotated[str, Field(pattern=r"^[a-z0-9-]+/[A-Za-z0-9._-]+$")]
    severity: Severity
    message: str
    file: str | None = None
    line: Annotated[int, Field(ge=1)] | None = None
    column: Annotated[int, Field(ge=1)] | None = None
    end_line: Annotated[int, Field(ge=1)] | None = None
    snippet: str | None = None
    remediation: str | None = None
    cwe: Annotated[str, Field(pattern=r"^CWE-\d+$")] | None = None
    confidence: Confidence = Confidence.HIGH
    fingerprint: str = ""


class NoteKind(StrEnum):
    """Why something was not looked at, or only partly."""

    BINARY = "binary"
    TOO_LARGE = "too-large"
    NOT_UTF8 = "not-utf8"
    UNPARSABLE = "unparsable"
    UNREADABLE = "unreadable"
    VENDORED = "vendored"
    LINK = "link"
    UNRESOLVED = "unresolved"
    SUPPRESSION_IGNORED = "suppression-ignored"
    ENGINE = "engine"
    NOT_CHANGED = "not-changed"


class Note(Frozen):
    """Something the reader should know about the coverage of a report; never a finding."""

    kind: NoteKind
    file: str | None = None
    detail: str = ""


class Summary(Frozen):
    """Findings counted by severity."""

    critical: int = 0
    error: int = 0
    warning: int = 0
    info: int = 0
    total: int = 0

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Summary:
        """Count `findings`."""
        counts = Counter(finding.severity for finding in findings)
        return cls(
            critical=counts[Severity.CRITICAL],
            error=counts[Severity.ERROR],
            warning=counts[Severity.WARNING],
            info=counts[Severity.INFO],
            total=counts.total(),
        )


class Report(Frozen):
    """What an agent answers; each agent extends it with fields of its own."""

    summary: Summary = Summary()
    findings: tuple[Finding, ...] = ()
    notes: tuple[Note, ...] = ()
    files_scanned: int = 0


class Patch(Frozen):
    """A change of a repository's files, exact to the byte.

    `diff` is what `git diff --binary --full-index --no-renames` writes, and its UTF-8 bytes are what `git apply`
    reads. A file whose old or new content is not UTF-8 stands in it as git's binary patch, which is ASCII: so
    JSON carries any content. It is empty when nothing changes. `base_commit` is the commit it belongs to; `files`
    are the paths it creates, changes or deletes, relative to the repository's root with forward slashes, sorted.
    """

    diff: str
    base_commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
    files: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if list(self.files) != sorted(set(self.files)):
            raise ValueError("`files` are sorted, each named once")
        if bool(self.files) != bool(self.diff):
            raise ValueError("a diff names files, and an empty one names none")
        return self


class Applied(Frozen):
    """What became of a patch after people approved it: the hub writes it into the report that planned the patch."""

    branch: str
    commit: str
    gate: str
    approvers: tuple[str, ...] = ()


class Params(Frozen):
    """Base of every agent's params."""


class RunInfo(Frozen):
    """Who asked: the run and the node, for logs and for the notifier's text."""

    run: str = ""
    node: str = ""
    workflow: str = ""
    repository: str = ""
    commit: str = ""


class Request(Frozen):
    """What the hub hands to an agent, as one line of JSON on stdin.

    `changes` has by file the commits of the past year that changed it, for an agent whose manifest wants the `history`;
    it is empty where that is not known.
    """

    contract: int = CONTRACT_VERSION
    agent: str
    params: dict[str, JsonValue] = Field(default_factory=dict)
    workspace: str = "/workspace"
    run: RunInfo = RunInfo()
    changes: dict[str, int] = Field(default_factory=dict)


class Failure(Frozen):
    """An agent's own failure."""

    code: str
    message: str


class Result(Frozen):
    """What an agent prints: exactly one JSON object on stdout. Either `report` or `failure` is set."""

    contract: int = CONTRACT_VERSION
    agent: str
    version: str
    report: dict[str, JsonValue] | None = None
    failure: Failure | None = None


def finish(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort `findings` by place and give each its fingerprint.

    The fingerprint hashes rule, file and the trimmed snippet (or the message where there is none),
    with a counter for equal ones, so that moving code up or down a file keeps it.
    """
    ordered = sorted(set(findings), key=_place)
    seen: Counter[tuple[str, str, str]] = Counter()
    finished = []
    for finding in ordered:
        anchor = " ".join((finding.snippet or finding.message).split())
        key = (finding.rule, finding.file or "", anchor)
        text = "\0".join((*key, str(seen[key])))
        seen[key] += 1
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        finished.append(finding.model_copy(update={"fingerprint": digest}))
    return tuple(finished)


def _place(finding: Finding) -> tuple[str | int, ...]:
    # Every field takes part: the order of a set of strings changes from process to process.
    place = (finding.file or "", finding.line or 0, finding.column or 0, finding.rule, finding.message)
    rest = (finding.severity, finding.snippet, finding.remediation, finding.cwe, finding.confidence)
    return (*place, finding.end_line or 0, *(part or "" for part in rest))
