"""A report tab: a finished run's verdict, its findings page by page, and what else its agents report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from markupsafe import Markup

from agents.contract.schema import Severity
from flows.errors import DockyardError
from ui.page.context import Context
from ui.page.events import Parts, Update, html, on, on_choice
from ui.page.pieces import Tone, notice
from ui.page.reports import EVERY, EXPORTS, Filters, ReportDesk, Subject

Given = str | bool | None
"""What a filter's field holds."""

_EMPTY = notice("No report is shown. Choose a run that has ended.")


@dataclass(frozen=True)
class ReportTab:
    """The components of the tab; `arrive` and `arrived` fill them with the newest report, or with that of the address."""

    context: Context
    subject: Subject
    run: gr.Dropdown
    shown: gr.State
    said: gr.HTML
    head: gr.HTML
    severity: gr.Radio
    rule: gr.Dropdown
    search: gr.Textbox
    fresh: gr.Checkbox
    findings: gr.HTML
    before: gr.Button
    where: gr.HTML
    after: gr.Button
    page: gr.State
    rules: gr.HTML
    facts: gr.HTML
    trend: gr.HTML
    format: gr.Dropdown
    make: gr.Button
    made: gr.HTML
    file: gr.DownloadButton

    @property
    def filters(self) -> Parts:
        """What `_turn` reads."""
        return [self.severity, self.rule, self.search, self.fresh]

    @property
    def turned(self) -> Parts:
        """What a page of findings fills."""
        return [self.findings, self.before, self.where, self.after, self.page]

    @property
    def detail(self) -> Parts:
        """What a run fills."""
        turned = [*self.filters, *self.turned]
        return [self.shown, self.said, self.head, *turned, self.rules, self.facts, self.trend, self.made, self.file]

    @property
    def arrival(self) -> Parts:
        """What `arrive` fills."""
        return [self.run, *self.detail]

    def arrive(self, request: gr.Request) -> list[Update]:
        """The finished runs, and a report. No run could be chosen before; filters that were set meanwhile stay."""
        desk = self._desk(request)
        try:
            choices, chosen, said = desk.listing(str(request.query_params.get("run", "")) or None)
        except DockyardError as error:
            return [gr.update(choices=[], value=None), *_nothing(notice(f"{str(error).rstrip('.')}.", Tone.ERROR), _kept())]
        return [
            gr.update(choices=choices, value=chosen),
            *(_nothing(said or _EMPTY, _kept()) if chosen is None else _opened(desk, chosen, arriving=True)),
        ]

    def arrived(self, run: str | None, request: gr.Request, *given: Given) -> list[Update]:
        """After `arrive`: the findings that fit the filters which a quick visitor has set meanwhile, if any."""
        return self._turn(run, request, given, 0) if _filters(given).chosen else [gr.skip() for _ in self.turned]

    def _desk(self, request: gr.Request) -> ReportDesk:
        return ReportDesk(self.context.settings, self.context.who(request), self.subject)

    def _choose(self, run: str | None, request: gr.Request) -> list[Update]:
        return _nothing(_EMPTY, _no_filters()) if not run else _opened(self._desk(request), run)

    # Gradio hands over values by position: those of the filters come last.
    def _filter(self, run: str | None, request: gr.Request, *given: Given) -> list[Update]:
        return self._turn(run, request, given, 0)

    def _back(self, run: str | None, page: int, request: gr.Request, *given: Given) -> list[Update]:
        return self._turn(run, request, given, page - 1)

    def _on(self, run: str | None, page: int, request: gr.Request, *given: Given) -> list[Update]:
        return self._turn(run, request, given, page + 1)

    def _turn(self, run: str | None, request: gr.Request, given: tuple[Given, ...], page: int) -> list[Update]:
        if not run:
            return [gr.skip() for _ in self.turned]
        try:
            return _page(self._desk(request), run, _filters(given), page)
        except DockyardError as error:
            return [notice(f"{str(error).rstrip('.')}.", Tone.ERROR), *(gr.skip() for _ in self.turned[1:])]

    def _export(self, run: str | None, name: str, request: gr.Request) -> list[Update]:
        # Where Gradio would copy it, and removes it after an hour.
        path, said = self._desk(request).export(run, name, Path(self.file.GRADIO_CACHE) / "dockyard")
        if path is None:
            return [said, gr.update(visible=False, value=None)]
        return [said, gr.update(visible=True, value=str(path), label=f"Download {path.name}")]

    def wire_arrival(self, page: gr.Blocks) -> None:
        """Let the tab be filled when `page` is loaded."""
        loaded = on(page.load, self.arrive, [], self.arrival)
        on(loaded.then, self.arrived, [self.run, *self.filters], self.turned, quiet=True)

    def wire(self) -> None:
        """Let the components answer."""
        on_choice(self.run, self.shown, self._choose, self.detail)
        given = [self.run, *self.filters]
        for trigger in (self.severity.input, self.rule.input, self.search.submit, self.search.blur, self.fresh.input):
            on(trigger, self._filter, given, self.turned)
        on(self.before.click, self._back, [self.run, self.page, *self.filters], self.turned)
        on(self.after.click, self._on, [self.run, self.page, *self.filters], self.turned)
        on(self.make.click, self._export, [self.run, self.format], [self.made, self.file])


def _filters(given: tuple[Given, ...]) -> Filters:
    severity, rule, search, fresh = given
    return Filters(severity=str(severity or EVERY), rule=str(rule or EVERY), search=str(search or ""), fresh=bool(fresh))


def _opened(desk: ReportDesk, run: str, *, arriving: bool = False) -> list[Update]:
    try:
        found = desk.open(run)
        page = _page(desk, run, Filters(), 0)
    except DockyardError as error:
        return _nothing(notice(f"{str(error).rstrip('.')}.", Tone.WARNING), _kept() if arriving else _no_filters())
    rules = gr.update(choices=[EVERY, *found.rules], value=EVERY)
    severity, _, search, fresh = _kept() if arriving else _no_filters()
    filters = [severity, rules, search, fresh]
    return [run, "", found.head, *filters, *page, found.rule_counts, found.facts, found.trend, "", _no_file()]


def _page(desk: ReportDesk, run: str, filters: Filters, page: int) -> list[Update]:
    found = desk.turn(run, filters, page)
    where = Markup('<p role="status">Page {} of {}</p>').format(found.page + 1, found.pages)
    back, more = gr.update(interactive=found.page > 0), gr.update(interactive=found.page + 1 < found.pages)
    return [found.findings, back, where, more, found.page]


def _nothing(said: Markup, filters: Parts) -> list[Update]:
    off = gr.update(interactive=False)
    return [None, said, "", *filters, "", off, "", off, 0, "", "", "", "", _no_file()]


def _no_filters() -> Parts:
    return [gr.update(value=EVERY), gr.update(choices=[EVERY], value=EVERY), gr.update(value=""), gr.update(value=False)]


def _kept() -> Parts:
    """The filters as they are."""
    return [gr.skip() for _ in _no_filters()]


def _no_file() -> Update:
    return gr.update(visible=False, value=None)


def report_tab(context: Context, subject: Subject) -> ReportTab:
    """Make the tab's components where Gradio stands now, and wire them."""
    name = "review" if subject.review else "compliance"
    run = gr.Dropdown([], label="Run that has ended", elem_id=f"{name}-run")
    said = html("What to do")
    head = html("Verdict and counts")
    with gr.Row():
        chosen = gr.Dropdown(
            [*EXPORTS], value=next(iter(EXPORTS)), label="Export the whole run as", elem_id=f"{name}-format"
        )
        make = gr.Button("Make the file", elem_id=f"{name}-make")
        file = gr.DownloadButton("Download", visible=False, variant="primary", elem_id=f"{name}-file")
    made = html("What came of the export")
    with gr.Row():
        severity = gr.Radio([EVERY, *(one.value for one in Severity)], value=EVERY, label="Severity", scale=2, min_width=300)
        rule = gr.Dropdown([EVERY], value=EVERY, label="Rule", scale=2, min_width=220, elem_id=f"{name}-rule")
        search = gr.Textbox(label="Search", info="Words of rule, file, message or code; Enter searches.", max_length=200,
                            scale=2, min_width=220, elem_id=f"{name}-search")  # fmt: skip
        fresh = gr.Checkbox(label="New since the last run only", scale=1, min_width=160)
    findings = html("Findings")
    with gr.Row():
        before = gr.Button("Previous page", interactive=False, min_width=120, elem_id=f"{name}-before")
        where = html("Which page")
        after = gr.Button("Next page", interactive=False, min_width=120, elem_id=f"{name}-after")
    rules = html("Findings by severity and rule")
    trend = html("Trend over runs")
    facts = html("Metrics, complexity and hotspots" if subject.review else "Secrets, licences and headers")
    tab = ReportTab(
        context, subject, run, gr.State(None), said, head, severity, rule, search, fresh, findings, before, where, after,
        gr.State(0), rules, facts, trend, chosen, make, made, file,
    )  # fmt: skip
    tab.wire()
    return tab
