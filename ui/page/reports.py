"""What the two report tabs do, without a component: choose a finished run, filter, turn pages, export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from markupsafe import Markup

from agents.contract.schema import Frozen, Severity
from flows.errors import DockyardError, InvalidInputError
from flows.service.reports import Choice, Format, Index, Reports, run_id_of
from flows.settings import Settings
from ui.page.connect import runs_of
from ui.page.findings import PAGE, findings_html, rules_html
from ui.page.pieces import Tone, join, notice, section
from ui.page.report_view import compliance_html, head_html, review_html, trend_html
from ui.page.runs import label
from ui.page.visitor import Visitor

LISTED = 50
_REVIEWER = "code-reviewer"
EVERY = "all"
"""What a filter says that leaves nothing out."""
EXPORTS = {
    "SARIF 2.1.0": Format.SARIF,
    "CSV": Format.CSV,
    "Markdown": Format.MARKDOWN,
    "HTML, one file": Format.HTML,
    "CycloneDX 1.6 SBOM": Format.CYCLONEDX,
}


class Filters(Frozen):
    """What the fields above the findings say."""

    severity: str = EVERY
    rule: str = EVERY
    search: str = ""
    fresh: bool = False

    @property
    def chosen(self) -> bool:
        """Whether any of them leaves something out."""
        return self != Filters()


@dataclass(frozen=True)
class Subject:
    """Which agents a tab is about: the code-reviewer alone, or all but it, so that no finding is on neither."""

    review: bool

    @property
    def choice(self) -> Choice:
        """Their findings."""
        return Choice(agents=(_REVIEWER,)) if self.review else Choice(without=(_REVIEWER,))

    @property
    def missing(self) -> str:
        """What to do where a run has nothing of it."""
        agent = _REVIEWER if self.review else "compliance-checker"
        return f"This run had no node of the {agent}. Choose another run, or run health-check on the Run tab."


@dataclass(frozen=True)
class Opened:
    """A report on the page. `rules` are the rules to filter by."""

    head: Markup
    trend: Markup
    rules: tuple[str, ...]
    rule_counts: Markup
    facts: Markup


@dataclass(frozen=True)
class Turned:
    """A page of findings, its number from 0, and how many there are."""

    findings: Markup
    page: int
    pages: int


class ReportDesk:
    """One visitor before the reports of a workspace."""

    def __init__(self, settings: Settings, visitor: Visitor, subject: Subject) -> None:
        self._settings = settings
        self._visitor = visitor
        self._subject = subject

    @cached_property
    def reports(self) -> Reports:
        """The visitor's way to the reports. Raises UnavailableError."""
        return Reports(self._settings, runs_of(self._settings, self._visitor))

    def listing(self, wanted: str | None) -> tuple[list[tuple[str, str]], str | None, Markup]:
        """Finished runs as label and id, the one to open, and a sentence. Raises UnavailableError."""
        found = self.reports.finished()[:LISTED]
        if not found:
            return [], None, notice("No run has ended yet. Start one on the Run tab.", Tone.INFO)
        now = datetime.now(UTC)
        choices = [(label(run, now), str(run.id)) for run in found]
        if wanted in {run for _, run in choices}:
            return choices, wanted, Markup("")
        if wanted:
            said = notice("The run of this address has not ended, or is not among the newest. Choose another.", Tone.WARNING)
            return choices, None, said
        choice = self._subject.choice
        newest = self.reports.newest_of(choice.agents, choice.without)
        if newest is None:
            return choices, None, notice(self._subject.missing, Tone.INFO)
        return choices, str(newest.id), Markup("")

    def open(self, run: str) -> Opened:
        """The report of that run. Raises InvalidInputError, UnavailableError."""
        index = self._index(run)
        choice = self._subject.choice
        nodes = index.nodes(choice)
        if not nodes:
            raise InvalidInputError(self._subject.missing)
        counts = index.rules(choice)
        facts = review_html if self._subject.review else compliance_html
        return Opened(
            head=head_html(index, nodes, index.count(choice.model_copy(update={"fresh": True}))),
            trend=trend_html(self.reports.trend(run_id_of(run)), (_REVIEWER,), review=self._subject.review),
            rules=tuple(dict.fromkeys(count.rule for count in counts)),
            rule_counts=join([section("By severity and rule", rules_html(counts))]) if counts else Markup(""),
            facts=facts(index, choice),
        )

    def turn(self, run: str, filters: Filters, page: int) -> Turned:
        """Page `page` (from 0) of the findings that the filters leave; the nearest there is."""
        index = self._index(run)
        choice = self._choice(filters)
        total = index.count(choice)
        pages = max(1, -(-total // PAGE))
        at = min(max(page, 0), pages - 1)
        found = tuple(index.entries(choice, at * PAGE, PAGE))
        return Turned(findings_html(found, first=at * PAGE + 1, total=total, chosen=filters.chosen), at, pages)

    def export(self, run: str | None, name: str, folder: Path) -> tuple[Path | None, Markup]:
        """A file of the whole report, and a sentence; no file where that is wrong."""
        if not run:
            return None, notice("Choose a run first.", Tone.WARNING)
        try:
            if name not in EXPORTS:
                raise InvalidInputError("choose one of the formats")
            path = self.reports.export(run_id_of(run), EXPORTS[name], folder)
        except DockyardError as error:
            return None, notice(f"No file was made: {str(error).rstrip('.')}.", Tone.ERROR)
        size = f"{path.stat().st_size / 1e6:.1f} MB" if path.stat().st_size > 1e5 else f"{path.stat().st_size} bytes"
        return path, notice(f"{path.name} is ready ({size}).", Tone.FINE)

    def _index(self, run: str) -> Index:
        return self.reports.open(run_id_of(run))

    def _choice(self, filters: Filters) -> Choice:
        severity = None if filters.severity == EVERY else Severity(filters.severity)
        rule = None if filters.rule == EVERY else filters.rule
        given = {"severity": severity, "rule": rule, "search": filters.search[:200], "fresh": filters.fresh}
        return self._subject.choice.model_copy(update=given)
