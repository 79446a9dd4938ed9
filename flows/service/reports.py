"""Reports as people read them: opened page by page, compared with the run before, followed over runs, exported."""

from __future__ import annotations

import tempfile
import threading
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from agents.code_reviewer.schema import CodeReview
from agents.compliance_checker.schema import ComplianceReport
from agents.contract.schema import Frozen
from flows.canonical import digest
from flows.errors import InvalidInputError
from flows.reports import archive, index
from flows.reports.formats import Format
from flows.reports.glance import Glance, glance
from flows.reports.index import Choice, Entry, Index, NodeLine, NoteCount, RuleCount
from flows.reports.render_file import render_apart
from flows.service.runs import RunHandle, Runs
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
    "compliance_of",
    "review_of",
    "run_id_of",
]

_KEPT = 24
"""Opened reports that stay on disk."""
_LOOKED_AT = 200
"""Runs among which earlier ones of the same repository are looked for."""
_PAST = 20
"""Points of a trend."""
_BUILDING = threading.Lock()
"""One report at a time is read as a whole: two of 100,000 findings take twice the memory."""

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

    def open(self, run_id: UUID) -> Index:
        """The run's report. Raises InvalidInputError where there is none."""
        run = self._runs.get(run_id)
        before = self._before(run)
        path = self._folder / f"{run_id}-{digest([index.VERSION, run.seconds, str(before and before.run.id)])[:16]}.db"
        with _BUILDING:
            if not path.is_file():
                self._build(run_id, path, before)
        path.touch()
        return Index(path)

    def trend(self, run_id: UUID) -> tuple[Past, ...]:
        """The earlier runs of the same workflow and repository and this one, oldest first."""
        run = self._runs.get(run_id)
        this = _glance(run.id, run.seconds)
        return (*self._earlier(run), *(() if this is None else (Past(run=run, glance=this),)))

    def export(self, run_id: UUID, format: Format, folder: Path) -> Path:  # noqa: A002 — the word users know it by
        """The whole report in a file below `folder`. Raises InvalidInputError, UnavailableError."""
        name = self._runs.get(run_id).name
        content = archive.content(run_id)
        target = Path(tempfile.mkdtemp(dir=folder)) / f"dockyard-{name}.{_SUFFIXES[format]}"
        with tempfile.NamedTemporaryFile(suffix=".json") as source:
            source.write(content)
            source.flush()
            render_apart(Path(source.name), format, target)
        return target

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

    def _build(self, run_id: UUID, path: Path, before: Past | None) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        marks = None if before is None else index.fingerprints(archive.content(before.run.id))
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        index.write(archive.content(run_id), fresh, marks, None if before is None else before.run.name)
        fresh.replace(path)
        known = sorted(self._folder.glob("*.db"), key=lambda file: file.stat().st_mtime)
        for old in known[:-_KEPT]:
            old.unlink(missing_ok=True)


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
    return glance(run_id)


def run_id_of(text: str) -> UUID:
    """A run's id. Raises InvalidInputError."""
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInputError(f"'{text[:80]}' is no run's id; choose a run from the list") from None
