"""A report as a small database: whatever shows or exports findings reads it, page by page or as a stream.

A report of 100,000 findings takes half a gigabyte as objects; here it is written once (`flows.reports.index_file`), and
then asked. Rows stand in the order in which findings are shown: the worst first, then by file, line and rule.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from pydantic import JsonValue

from agents.contract.schema import Finding, Frozen, Note, NoteKind, Report, Severity, Summary
from flows.errors import UnavailableError
from flows.reports.schema import NodeReport, RunReport, added

_COLUMNS = "rank, rule, message, file, line, column_, end_line, snippet, remediation, cwe, confidence, fingerprint, node"
_NAMES = ("rule", "message", "file", "line", "column", "end_line", "snippet", "remediation", "cwe", "confidence",
          "fingerprint")  # fmt: skip
_RANKS = tuple(Severity)

Row: TypeAlias = tuple[int | str | None, ...]


class NodeLine(NodeReport):
    """A node's outcome; in its `report` the lists of findings and notes are empty: here are their numbers."""

    summary: Summary = Summary()
    notes: int = 0

    @property
    def files_scanned(self) -> int:
        """How many files the agent looked at."""
        found = (self.report or {}).get("files_scanned")
        return found if isinstance(found, int) else 0

    @property
    def own(self) -> dict[str, JsonValue]:
        """What the agent reports beside findings, notes and counts."""
        return {key: value for key, value in (self.report or {}).items() if key not in Report.model_fields}


class Head(RunReport):
    """The run without its findings and notes."""

    nodes: tuple[NodeLine, ...] = ()

    @property
    def summary(self) -> Summary:
        """All nodes' findings counted by severity."""
        return added([node.summary for node in self.nodes])

    def at_or_above(self, threshold: Severity) -> int:
        """How many findings are as bad as `threshold` or worse."""
        counts = self.summary.model_dump()
        return sum(counts[severity.value] for severity in Severity if severity.rank <= threshold.rank)


class Entry(Frozen):
    """A finding, its node, and whether the earlier run had it not."""

    node: str
    agent: str
    fresh: bool
    finding: Finding


class Choice(Frozen):
    """Which findings are wanted; None, no agent and no word choose all. `agents` and `without` are names of agents.

    `severity` is that one alone, `at_least` that one or worse.
    """

    agents: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    severity: Severity | None = None
    at_least: Severity | None = None
    rule: str | None = None
    search: str = ""
    fresh: bool = False


ALL = Choice()
"""Every finding."""


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


class Block(Frozen):
    """The findings of one rule and severity in the node at that position. CWE and remedy are set where all share them."""

    at: int
    rule: str
    severity: Severity
    count: int
    cwe: str | None
    remediation: str | None


class Index:
    """The report in that file. `marks` is a file that says which findings are new, and since which run."""

    def __init__(self, path: Path, marks: Path | None = None) -> None:
        self._path = path
        self._marks = marks

    @cached_property
    def head(self) -> Head:
        """The run and its nodes."""
        with self._opened() as database:
            (document,) = database.execute("select document from head").fetchone()
        return Head.model_validate_json(document)

    @cached_property
    def compared(self) -> str | None:
        """The name of the earlier run with whose report it was said which findings are new; None where there is none."""
        if self._marks is None:
            return None
        with self._opened() as database:
            (name,) = database.execute("select name from compared").fetchone()
        return str(name)

    def entries(self, choice: Choice = ALL, offset: int = 0, limit: int = -1) -> Iterator[Entry]:
        """The chosen findings: new ones first, then the worst, then by place; all from `offset` on where no limit is set."""
        where, values = self._where(choice)
        first = "" if self._marks is None else f"{self._fresh} desc, "
        # First which, then what stands in them: whole rows are not sorted.
        chosen = f"select id from finding where {where} order by {first}id limit ? offset ?"  # noqa: S608 — no text of others
        asked = f"select {_COLUMNS}, {self._fresh} from finding where id in ({chosen}) order by {first}id"  # noqa: S608
        for *row, fresh in self._rows(asked, (*values, limit, offset)):
            line = self.head.nodes[int(row[-1] or 0)]
            yield Entry(node=line.node, agent=line.agent, fresh=bool(fresh), finding=_finding(row))

    def of_node(self, at: int, *, as_told: bool = False) -> Iterator[Finding]:
        """The findings of the node at that position, the worst first; `as_told`: in its agent's own order."""
        order = "position" if as_told else "id"
        for row in self._rows(f"select {_COLUMNS} from finding where node = ? order by {order}", (at,)):  # noqa: S608
            yield _finding(row)

    def of_block(self, block: Block) -> Iterator[Finding]:
        """The block's findings by place."""
        asked = (
            f"select {_COLUMNS} from finding where node = ? and rank = ? and rule = ? "  # noqa: S608
            "order by coalesce(file, ''), coalesce(line, 0), coalesce(column_, 0), id"
        )
        for row in self._rows(asked, (block.at, block.severity.rank, block.rule)):
            yield _finding(row)

    def blocks(self, at: int | None = None) -> list[Block]:
        """Findings by severity, rule and node, or of the node at that position; worst first, then the most frequent rule."""
        shared = "count(distinct {0}) + (count({0}) < count(*)) = 1"
        asked = (
            "select node, rank, rule, count(*), "  # noqa: S608
            f"case when {shared.format('cwe')} then min(cwe) end, "
            f"case when {shared.format('remediation')} then min(remediation) end "
            f"from finding {'' if at is None else 'where node = ?'} "
            "group by rank, rule, node order by rank, count(*) desc, rule, node"
        )
        return [
            Block(at=node, severity=_RANKS[rank], rule=rule, count=count, cwe=cwe, remediation=advice)
            for node, rank, rule, count, cwe, advice in self._rows(asked, () if at is None else (at,))
        ]

    def count(self, choice: Choice = ALL) -> int:
        """How many findings are chosen."""
        where, values = self._where(choice)
        ((count,),) = self._rows(f"select count(*) from finding where {where}", values)  # noqa: S608
        return int(count or 0)

    def rules(self, choice: Choice = ALL) -> tuple[RuleCount, ...]:
        """The chosen findings counted by severity and rule, worst first, then the most frequent."""
        where, values = self._where(choice)
        asked = (
            f"select rule, rank, count(*), total({self._fresh}) from finding where {where} "  # noqa: S608
            "group by rank, rule order by rank, count(*) desc, rule"
        )
        return tuple(
            RuleCount(rule=rule, severity=_RANKS[rank], count=count, fresh=int(fresh))
            for rule, rank, count, fresh in self._rows(asked, values)
        )

    def notes(self, at: int) -> Iterator[Note]:
        """The notes of the node at that position."""
        for kind, file, detail in self._rows("select kind, file, detail from note where node = ? order by id", (at,)):
            yield Note(kind=NoteKind(kind), file=file, detail=detail)

    def note_counts(self, choice: Choice = ALL) -> tuple[NoteCount, ...]:
        """Notes of the chosen agents, counted by kind."""
        asked = (
            "select kind, count(*), min(coalesce(file, '') || ' ' || detail) from note "  # noqa: S608 — numbers of ours
            f"where node in ({self._nodes(choice)}) group by kind order by count(*)"
        )
        return tuple(
            NoteCount(kind=NoteKind(kind), count=count, example=(example or "").strip())
            for kind, count, example in self._rows(asked)
        )

    def nodes(self, choice: Choice = ALL) -> tuple[NodeLine, ...]:
        """The nodes of the chosen agents."""
        return tuple(node for node in self.head.nodes if _fits(node, choice))

    @property
    def _fresh(self) -> str:
        return "0" if self._marks is None else "(id in (select id from fresh))"

    def _nodes(self, choice: Choice) -> str:
        return ",".join(str(at) for at, node in enumerate(self.head.nodes) if _fits(node, choice)) or "-1"

    def _where(self, choice: Choice) -> tuple[str, list[str | int]]:
        parts, values = [f"node in ({self._nodes(choice)})"], list[str | int]()
        if choice.severity is not None:
            parts.append("rank = ?")
            values.append(choice.severity.rank)
        if choice.at_least is not None:
            parts.append("rank <= ?")
            values.append(choice.at_least.rank)
        if choice.rule is not None:
            parts.append("rule = ?")
            values.append(choice.rule)
        if choice.fresh:
            parts.append(self._fresh)
        for word in choice.search.split()[:8]:
            parts.append(
                "instr(lower(rule || ' ' || coalesce(file, '') || ' ' || message || ' ' || coalesce(snippet, '')), ?)"
            )
            values.append(word.lower())
        return " and ".join(parts), values

    def _rows(self, asked: str, values: Sequence[str | int] = ()) -> Iterator[tuple]:  # type: ignore[type-arg] # by columns
        with self._opened() as database:
            yield from database.execute(asked, values)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        # A stream is begun in one thread and may go on in another, never in two at once.
        try:
            with closing(sqlite3.connect(_address(self._path), uri=True, check_same_thread=False)) as database:
                if self._marks is not None:
                    database.execute("attach ? as marks", (_address(self._marks),))
                yield database
        except sqlite3.Error as error:  # it was removed meanwhile, or the disk is full
            raise UnavailableError(f"the report cannot be read at the moment ({error}); open it again") from error


def _address(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro"


def _fits(node: NodeLine, choice: Choice) -> bool:
    return node.agent not in choice.without and (not choice.agents or node.agent in choice.agents)


def _finding(row: Sequence[int | str | None]) -> Finding:
    rank, *rest, _node = row
    return Finding.model_validate({**dict(zip(_NAMES, rest, strict=True)), "severity": _RANKS[int(rank or 0)]})
