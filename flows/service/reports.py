"""Reports as people read them: opened page by page, compared with the run before, followed over runs, exported."""

from __future__ import annotations

import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from agents.code_reviewer.schema import CodeReview
from agents.compliance_checker.schema import ComplianceReport
from agents.contract.schema import Frozen
from flows.errors import InvalidInputError
from flows.reports import archive, index_file
from flows.reports.formats import Format, render
from flows.reports.glance import Glance
from flows.reports.index import Choice, Entry, Index, NodeLine, NoteCount, RuleCount
from flows.reports.schema import added
from flows.service.runs import RunHandle, Runs
from flows.service.server import answering
from flows.settings import Settings

__all__ = [
    "Choice",
    "Entry",
    "Format",
    "Glance",
    "Index",
    "NodeLine",
    "NoteCount",
    "Past",
    "Reports",
    "RuleCount",
    "added",
    "compliance_of",
    "review_of",
    "run_id_of",
]

_KEPT = 24
"""Opened reports, and comparisons of two, that stay on disk."""
_IN_USE = 3600.0
"""Seconds after its last use in which a file is not removed."""
_LOOKED_AT = 200
"""Runs among which earlier ones of the same repository are looked for."""
_PAST = 20
"""Points of a trend."""
_FETCHING = threading.Lock()
"""One report at a time: one that was written before reports had an index is read as a whole, which takes memory."""

_SUFFIXES = {
    Format.SARIF: "sarif.json", Format.CSV: "csv", Format.MARKDOWN: "md", Format.HTML: "html", Format.JSON: "json",
    Format.CYCLONEDX: "cdx.json", Format.TEXT: "txt",
}  # fmt: skip


class Past(Frozen):
    """A finished run of a trend."""

    run: RunHandle
    glance: Glance


class Reports:
    """Reports of finished runs."""

    def __init__(self, settings: Settings, runs: Runs) -> None:
        self._folder = settings.state_dir / "reports"
        self._runs = runs

    def finished(self) -> list[RunHandle]:
        """Runs that have ended, newest first. Raises UnavailableError."""
        return [run for run in self._runs.list(limit=_LOOKED_AT) if run.state.final]

    def newest_of(self, agents: tuple[str, ...], without: tuple[str, ...] = ()) -> RunHandle | None:
        """The newest run in which one of the agents reported, among the last few."""
        for run in self.finished()[:_PAST]:
            found = _glance(run.id, run.seconds)
            if found is not None and any(
                node.report is not None and (node.agent in agents if agents else node.agent not in without)
                for node in found.nodes
            ):
                return run
        return None

    @answering()
    def read(self, run_id: UUID) -> Index:
        """The run's report. Raises UnknownError where there is none."""
        found = Index(self._report(run_id))
        if not self._runs.sees(found.head.workspace):
            raise archive.unreported(run_id)
        return found

    @answering()
    def open(self, run_id: UUID) -> Index:
        """The run's report, and which findings the run before had not. Raises UnknownError where there is none."""
        before = self._before(self._runs.get(run_id))
        report = self._report(run_id)
        if before is None:
            return Index(report)
        earlier = self._report(before.run.id)
        marks = self._file(
            f"{report.stem}-{earlier.stem}.marks", lambda path: index_file.mark(path, report, earlier, before.run.name)
        )
        return Index(report, marks)

    def trend(self, run_id: UUID) -> tuple[Past, ...]:
        """The earlier runs of the same workflow and repository and this one, oldest first."""
        run = self._runs.get(run_id)
        this = _glance(run.id, run.seconds)
        return (*self._earlier(run), *(() if this is None else (Past(run=run, glance=this),)))

    def export(self, run_id: UUID, format: Format, folder: Path) -> Path:  # noqa: A002 — the word users know it by
        """The whole report as a file of `folder`, which is made. Raises UnknownError, UnavailableError."""
        report = self.read(run_id)
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", report.head.name)
        target = folder / f"dockyard-{name}-{str(run_id)[:8]}.{_SUFFIXES[format]}"

        def write(path: Path) -> None:
            with path.open("w", encoding="utf-8", newline="") as file:
                file.writelines(render(report, format))

        _replace(target, write)
        return target

    def render(self, run_id: UUID, format: Format) -> Iterator[str]:  # noqa: A002 — the word users know it by
        """The whole report in pieces. Raises UnknownError, UnavailableError, before the first."""
        return render(self.read(run_id), format)

    def _before(self, run: RunHandle) -> Past | None:
        """The newest earlier run in which every agent reported that did in this one: else what it missed would be new."""
        reported = _reporting(_glance(run.id, run.seconds))
        return next((past for past in reversed(self._earlier(run)) if reported <= _reporting(past.glance)), None)

    def _earlier(self, run: RunHandle) -> list[Past]:
        """Oldest first."""
        known = [
            other
            for other in self.finished()
            if other.created
            and run.created
            and other.created < run.created
            and (other.workflow, other.repository) == (run.workflow, run.repository)
        ][:_PAST]
        found = [(other, _glance(other.id, other.seconds)) for other in reversed(known)]
        return [Past(run=other, glance=seen) for other, seen in found if seen is not None]

    def _report(self, run_id: UUID) -> Path:
        stamp = archive.stamp(run_id)
        return self._file(f"{run_id}-{stamp}-{index_file.VERSION}.db", lambda path: archive.fetch(run_id, stamp, path))

    def _file(self, name: str, make: Callable[[Path], None]) -> Path:
        """The file of that name, made where it is not there. Of its kind the newest stay."""
        path = self._folder / name
        with _FETCHING:
            if not path.is_file():
                _replace(path, make)
                self._forget(path.suffix)
            with suppress(FileNotFoundError):  # another replica forgot it in this moment, and the reader is told
                os.utime(path)
        return path

    def _forget(self, suffix: str) -> None:
        """Remove what is not among the newest of its kind; what was used in the last hour may be in use."""
        known = []
        for file in self._folder.glob(f"*{suffix}"):
            with suppress(FileNotFoundError):
                known.append((file.stat().st_mtime, file))
        for used, old in sorted(known)[:-_KEPT]:
            if used < time.time() - _IN_USE:
                old.unlink(missing_ok=True)


def _replace(path: Path, make: Callable[[Path], None]) -> None:
    """Let `make` write a new file, and put it at `path` when it is whole: others may be reading what is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        fresh = Path(folder) / path.name
        make(fresh)
        fresh.replace(path)


def compliance_of(node: NodeLine) -> ComplianceReport | None:
    """The compliance-checker's own fields; None for another agent's node, or one that gave no report."""
    return ComplianceReport.model_validate(node.own) if node.agent == "compliance-checker" and node.status.ok else None


def review_of(node: NodeLine) -> CodeReview | None:
    """The code-reviewer's own fields; None for another agent's node, or one that gave no report."""
    return CodeReview.model_validate(node.own) if node.agent == "code-reviewer" and node.status.ok else None


def _reporting(seen: Glance | None) -> frozenset[str]:
    return frozenset(node.agent for node in seen.nodes if node.report is not None) if seen else frozenset()


@lru_cache(maxsize=512)
def _glance(run_id: UUID, worked: float) -> Glance | None:  # noqa: ARG001 — a run that is tried again works longer
    return archive.glance(run_id)


def run_id_of(text: str) -> UUID:
    """A run's id. Raises InvalidInputError."""
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInputError(f"'{text[:80]}' is no run's id; choose a run from the list") from None
