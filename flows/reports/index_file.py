"""Writes a report as the small database that `flows.reports.index` reads, and which of its findings are new.

`python -m flows.reports.index_file PATH` reads a report (JSON, as it is kept) from standard input.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pydantic import JsonValue

from agents.contract.schema import Severity
from flows.errors import UnavailableError
from flows.reports.index import Head, Index, NodeLine
from flows.reports.schema import NodeReport, RunReport, counted
from flows.settings import ROOT

VERSION = 2
"""Changes with the tables."""

_SCHEMA = """
create table head (document text);
create table finding (id integer primary key, node integer, position integer, rank integer, rule text, file text,
  line integer, column_ integer, end_line integer, message text, snippet text, remediation text, cwe text,
  confidence text, fingerprint text);
create table note (id integer primary key, node integer, kind text, file text, detail text);
"""
_FIELDS = ("rule", "file", "line", "column", "end_line", "message", "snippet", "remediation", "cwe")

_LARGE = 4_000_000
"""Bytes of JSON from which a report is read in a process of its own: as objects it is ten times as large."""
_SECONDS = 300.0

_Row = tuple[JsonValue, ...]


def write(report: RunReport, path: Path) -> None:
    """Write `report` to a new database at `path`: its findings in the order in which they are shown."""
    ranks = {severity.value: severity.rank for severity in Severity}
    rows: list[_Row] = []
    for at, node in enumerate(report.nodes):
        for position, found in enumerate(node.part("findings")):
            rank = ranks[str(found["severity"])]
            told = (*map(found.get, _FIELDS), found.get("confidence", "high"), found.get("fingerprint", ""))
            rows.append((at, position, rank, *told))
    rows.sort(key=_order)
    notes = ((at, n["kind"], n.get("file"), n.get("detail", "")) for at, node in enumerate(report.nodes)
             for n in node.part("notes"))  # fmt: skip
    head = {name: getattr(report, name) for name in RunReport.model_fields} | {"nodes": tuple(map(_line, report.nodes))}
    with closing(sqlite3.connect(path)) as database:
        database.execute("pragma journal_mode=off")
        database.execute("pragma synchronous=off")
        database.executescript(_SCHEMA)
        database.execute("insert into head values (?)", (Head.model_validate(head).model_dump_json(),))
        database.executemany(f"insert into finding values (null{',?' * 14})", rows)  # noqa: S608
        database.executemany("insert into note values (null,?,?,?,?)", notes)
        # What is counted, chosen and grouped by, so that it need not be looked for in whole rows.
        database.execute("create index by_rule on finding (node, rank, rule)")
        database.execute("create index by_fingerprint on finding (fingerprint)")
        database.commit()


def write_kept(content: bytes, path: Path) -> None:
    """Write a report, in JSON as it is kept, to a new database at `path`. Raises UnavailableError.

    The page reads reports in many threads and for a long time: it shall not grow by a large one.
    """
    if len(content) < _LARGE:
        write(RunReport.model_validate_json(content), path)
        return
    command = [sys.executable, "-m", __name__, str(path.absolute())]
    try:
        ended = subprocess.run(command, cwd=ROOT, check=False, timeout=_SECONDS, input=content, capture_output=True)
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(
            f"reading the report took more than {_SECONDS:.0f} s; try again when there is less to do"
        ) from error
    if ended.returncode != 0:
        last = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise UnavailableError(f"the report could not be read: {last}")


def mark(path: Path, report: Path, earlier: Path, name: str) -> None:
    """Write to a new file at `path` which findings of `report` are not in `earlier`, the report of the run called `name`."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("pragma journal_mode=off")
        database.execute("pragma synchronous=off")
        database.execute("attach ? as this", (str(report),))
        database.execute("attach ? as earlier", (str(earlier),))
        database.execute("create table compared (name text)")
        database.execute("insert into compared values (?)", (name,))
        database.execute("create table fresh (id integer primary key)")
        database.execute(
            "insert into fresh select id from this.finding as found "
            "where not exists (select 1 from earlier.finding where fingerprint = found.fingerprint)"
        )
        database.commit()


@contextmanager
def opened(report: RunReport) -> Iterator[Index]:
    """A report that is in memory, to be read as any other."""
    with tempfile.TemporaryDirectory(prefix="dockyard-report-") as folder:
        path = Path(folder) / "report.db"
        write(report, path)
        yield Index(path)


def _order(row: _Row) -> tuple[JsonValue, ...]:
    _at, _position, rank, rule, file, line, *_ = row
    return rank, file or "", line or 0, rule


def _line(node: NodeReport) -> NodeLine:
    known = {name: getattr(node, name) for name in NodeReport.model_fields}
    if node.report is not None:
        known["report"] = {key: [] if key in ("findings", "notes") else value for key, value in node.report.items()}
    return NodeLine(**known, summary=counted(node.part("findings")), notes=len(node.part("notes")))


if __name__ == "__main__":
    write(RunReport.model_validate_json(sys.stdin.buffer.read()), Path(sys.argv[1]))
