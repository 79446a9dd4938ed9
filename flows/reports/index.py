"""A report as a small database: what stands in it is read page by page, however many findings there are.

A report of 100,000 findings takes half a gigabyte as objects; here it is read once, and then asked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, JsonValue, TypeAdapter, with_config
from typing_extensions import TypedDict

from agents.contract.schema import Finding, Frozen, NoteKind, Report, Severity, Summary
from flows.definition.status import NodeStatus
from flows.reports.schema import RunStatus

VERSION = 1
"""Changes with the tables."""

_SCHEMA = """
create table head (document text);
create table finding (fresh integer, rank integer, rule text, file text, line integer, column_ integer, end_line integer,
  message text, snippet text, remediation text, cwe text, confidence text, fingerprint text, node integer);
create table note (node integer, kind text, file text, detail text);
"""


class NodeLine(Frozen):
    """A node's outcome. `own` is what its agent reports beside findings, notes and counts."""

    node: str
    agent: str
    status: NodeStatus
    reason: str | None = None
    group: bool = False
    seconds: float = 0.0
    summary: Summary = Summary()
    files_scanned: int = 0
    own: dict[str, JsonValue] = {}  # noqa: RUF012 — pydantic copies defaults


class Head(Frozen):
    """The run without its findings. `compared`: with the report of an earlier run it was said which findings are new."""

    run: str
    name: str
    workflow: str
    repository: str
    ref: str
    commit: str
    status: RunStatus
    started: datetime
    finished: datetime
    notices: tuple[str, ...] = ()
    nodes: tuple[NodeLine, ...] = ()
    compared: str | None = None


class Entry(Frozen):
    """A finding, its node, and whether the earlier run had it not."""

    node: str
    agent: str
    fresh: bool
    finding: Finding


class Choice(Frozen):
    """Which findings are wanted; None and empty choose all. `agents` and `without` are names of agents."""

    agents: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    severity: Severity | None = None
    rule: str | None = None
    search: str = ""
    fresh: bool = False


class RuleCount(Frozen):
    """A rule's findings of one severity, and how many of them are new."""

    rule: str
    severity: Severity
    count: int
    fresh: int


class NoteCount(Frozen):
    """Notes of one kind, and an example."""

    kind: NoteKind
    count: int
    example: str


class Index:
    """The report in that file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def head(self) -> Head:
        """The run and its nodes."""
        with closing(self._connect()) as database:
            (document,) = database.execute("select document from head").fetchone()
        return Head.model_validate_json(document)

    def page(self, choice: Choice, offset: int, limit: int) -> tuple[Entry, ...]:
        """The chosen findings: new ones first, then the worst, then by place."""
        where, values = self._where(choice)
        columns = (
            "node, fresh, rank, rule, message, file, line, column_, end_line, snippet, remediation, cwe, confidence, "
            "fingerprint"
        )
        with closing(self._connect()) as database:
            rows = database.execute(
                f"select {columns} from finding where {where} order by fresh desc, rank, rule, file, line limit ? offset ?",  # noqa: S608 — placeholders alone
                (*values, limit, offset),
            ).fetchall()
        return tuple(self._entry(row) for row in rows)

    def count(self, choice: Choice) -> int:
        """How many findings are chosen."""
        where, values = self._where(choice)
        with closing(self._connect()) as database:
            (count,) = database.execute(f"select count(*) from finding where {where}", values).fetchone()  # noqa: S608
        return int(count)

    def rules(self, choice: Choice) -> tuple[RuleCount, ...]:
        """The chosen findings counted by severity and rule, worst first, then the most frequent."""
        where, values = self._where(choice)
        with closing(self._connect()) as database:
            rows = database.execute(
                f"select rule, rank, count(*), total(fresh) from finding where {where} "  # noqa: S608
                "group by rank, rule order by rank, count(*) desc, rule",
                values,
            ).fetchall()
        ranks = list(Severity)
        return tuple(
            RuleCount(rule=rule, severity=ranks[rank], count=count, fresh=int(fresh)) for rule, rank, count, fresh in rows
        )

    def notes(self, choice: Choice) -> tuple[NoteCount, ...]:
        """Notes of the chosen agents, counted by kind."""
        nodes = ",".join(str(at) for at in self._nodes(choice)) or "-1"
        with closing(self._connect()) as database:
            rows = database.execute(
                "select kind, count(*), min(coalesce(file, '') || ' ' || detail) from note "  # noqa: S608 — numbers of ours
                f"where node in ({nodes}) group by kind order by count(*)"
            ).fetchall()
        return tuple(NoteCount(kind=kind, count=count, example=(example or "").strip()) for kind, count, example in rows)

    def nodes(self, choice: Choice) -> tuple[NodeLine, ...]:
        """The nodes of the chosen agents."""
        return tuple(self.head.nodes[at] for at in self._nodes(choice))

    def _nodes(self, choice: Choice) -> Iterator[int]:
        for at, node in enumerate(self.head.nodes):
            if node.agent not in choice.without and (not choice.agents or node.agent in choice.agents):
                yield at

    def _where(self, choice: Choice) -> tuple[str, list[str | int]]:
        parts, values = [f"node in ({','.join(str(at) for at in self._nodes(choice)) or '-1'})"], list[str | int]()
        if choice.severity is not None:
            parts.append("rank = ?")
            values.append(choice.severity.rank)
        if choice.rule:
            parts.append("rule = ?")
            values.append(choice.rule)
        if choice.fresh:
            parts.append("fresh = 1")
        for word in choice.search.split()[:8]:
            parts.append(
                "instr(lower(rule || ' ' || coalesce(file, '') || ' ' || message || ' ' || coalesce(snippet, '')), ?)"
            )
            values.append(word.lower())
        return " and ".join(parts), values

    def _entry(self, row: tuple[int | str | None, ...]) -> Entry:
        node, fresh, rank, *rest = row
        line = self.head.nodes[int(node or 0)]
        names = ("rule", "message", "file", "line", "column", "end_line", "snippet", "remediation", "cwe", "confidence",
                 "fingerprint")  # fmt: skip
        known = dict(zip(names, rest, strict=True))
        finding = Finding.model_validate({**known, "severity": list(Severity)[int(rank or 0)]})
        return Entry(node=line.node, agent=line.agent, fresh=bool(fresh), finding=finding)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)


@with_config(ConfigDict(extra="ignore"))
class _Finding(TypedDict, total=False):
    rule: str
    severity: Severity
    message: str
    file: str | None
    line: int | None
    column: int | None
    end_line: int | None
    snippet: str | None
    remediation: str | None
    cwe: str | None
    confidence: Literal["high", "medium", "low"]
    fingerprint: str


@with_config(ConfigDict(extra="ignore"))
class _Note(TypedDict, total=False):
    kind: str
    file: str | None
    detail: str


@with_config(ConfigDict(extra="allow"))
class _Report(TypedDict, total=False):
    findings: list[_Finding]
    notes: list[_Note]


@with_config(ConfigDict(extra="allow"))
class _Node(TypedDict, total=False):
    report: _Report | None


@with_config(ConfigDict(extra="allow"))
class _Run(TypedDict):
    nodes: list[_Node]


_RUN: TypeAdapter[_Run] = TypeAdapter(_Run)
"""Plain dictionaries, and of a finding only what is asked for: a third of what the models would take."""


def write(content: bytes, path: Path, before: Collection[str] | None, compared: str | None) -> None:
    """Write the report in `content` (JSON, as it is kept) to a new database at `path`.

    `before` are the fingerprints of the earlier run called `compared`; None where there is none, and no finding is new.
    """
    run = _RUN.validate_json(content)
    ranks = {severity: severity.rank for severity in Severity}
    with closing(sqlite3.connect(path)) as database:
        database.execute("pragma journal_mode=off")
        database.execute("pragma synchronous=off")
        database.executescript(_SCHEMA)
        lines: list[JsonValue] = []
        for at, node in enumerate(run["nodes"]):
            report = node.get("report")
            own: dict[str, JsonValue] = dict(report or {})  # type: ignore[arg-type] # what is known of it goes next
            findings, notes = own.pop("findings", []), own.pop("notes", [])
            database.executemany(
                "insert into finding values (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (_row(found, at, ranks, before) for found in findings),  # type: ignore[arg-type, union-attr]
            )
            database.executemany(
                "insert into note values (?,?,?,?)",
                ((at, n.get("kind"), n.get("file"), n.get("detail", "")) for n in notes),  # type: ignore[union-attr]
            )
            known = {key: own.pop(key) for key in ("summary", "files_scanned") if key in own}
            rest = {key: value for key, value in node.items() if key in NodeLine.model_fields}
            lines.append({**rest, **known, "own": {k: v for k, v in own.items() if k not in Report.model_fields}})  # type: ignore[dict-item]
        head = {key: value for key, value in run.items() if key in Head.model_fields}
        document = Head.model_validate({**head, "nodes": lines, "compared": compared})
        database.execute("insert into head values (?)", (document.model_dump_json(),))
        database.execute("create index by_place on finding (fresh desc, rank, rule, file, line)")
        database.commit()


def _row(
    found: _Finding, node: int, ranks: dict[Severity, int], before: Collection[str] | None
) -> tuple[str | int | None, ...]:
    said = found.get("fingerprint", "")
    fresh = before is not None and said not in before
    return (
        int(fresh), ranks[found["severity"]], found["rule"], found.get("file"), found.get("line"), found.get("column"),
        found.get("end_line"), found["message"], found.get("snippet"), found.get("remediation"), found.get("cwe"),
        found.get("confidence", "high"), said, node,
    )  # fmt: skip


@with_config(ConfigDict(extra="ignore"))
class _Mark(TypedDict):
    fingerprint: str


@with_config(ConfigDict(extra="ignore"))
class _Marks(TypedDict, total=False):
    findings: list[_Mark]


@with_config(ConfigDict(extra="ignore"))
class _MarkedNode(TypedDict, total=False):
    report: _Marks | None


@with_config(ConfigDict(extra="ignore"))
class _MarkedRun(TypedDict):
    nodes: list[_MarkedNode]


_MARKED: TypeAdapter[_MarkedRun] = TypeAdapter(_MarkedRun)


def fingerprints(content: bytes) -> frozenset[str]:
    """The fingerprints of all findings of the report in `content`."""
    reports = (node.get("report") or {} for node in _MARKED.validate_json(content)["nodes"])
    return frozenset(mark["fingerprint"] for report in reports for mark in report.get("findings", ()))
