"""The run tab: a form that starts a workflow, and a run as it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr
from markupsafe import Markup

from flows.errors import DockyardError
from ui.page.context import Context
from ui.page.events import Parts, Update, html, on, on_choice
from ui.page.pieces import Tone, loading, notice
from ui.page.run_form import Bank, bank, beside, filled, updates
from ui.page.runs import RunDesk, Shown, choose_one
from ui.page.tail import Tail, tail_html

_EMPTY = notice("No run is shown. Choose one from the list, or start one.")
_ALL = "all nodes"
_AGAIN_SECONDS = 2.0
"""Between two looks at a run that goes on."""


@dataclass(frozen=True)
class RunTab:
    """The components of the tab; `arrive` fills them for a visitor who comes with or without a run's link."""

    context: Context
    workflow: gr.Dropdown
    formed: gr.State
    about: gr.HTML
    repository: gr.Textbox
    no_repository: gr.HTML
    ref: gr.Textbox
    bank: Bank
    start: gr.Button
    outcome: gr.HTML
    run: gr.Dropdown
    shown: gr.State
    again: gr.Button
    listed: gr.HTML
    facts: gr.HTML
    picture: gr.HTML
    cancel: gr.Button
    retry: gr.Button
    node: gr.Dropdown
    log: gr.HTML
    tail: gr.State
    clock: gr.Timer

    @property
    def form(self) -> Parts:
        """What choosing a workflow fills."""
        return [self.formed, self.about, self.start, *self.bank.parts]

    @property
    def listing(self) -> Parts:
        """What a listing fills."""
        return [self.run, self.listed]

    @property
    def detail(self) -> Parts:
        """What a run fills."""
        return [self.shown, self.facts, self.picture, self.cancel, self.retry, self.node, self.log, self.tail, self.clock]

    @property
    def arrival(self) -> Parts:
        """What `arrive` fills."""
        return [self.workflow, *self.form, *self.listing, *self.detail]

    def arrive(self, request: gr.Request) -> list[Update]:
        """The workflows, the newest runs, and what the address names; what a quick visitor has chosen meanwhile stays."""
        desk, wanted = self._desk(request), str(request.query_params.get("run", "")) or None
        chosen = str(request.query_params.get("workflow", ""))
        listed = self._list(desk, wanted)
        try:
            known = desk.workflows()
            form = self._form(desk, chosen) if chosen in known else [gr.skip()] * len(self.form)
        except DockyardError as error:  # a form that says so instead of one
            known, form = [], [None, notice(f"{str(error).rstrip('.')}.", Tone.ERROR), *[gr.skip()] * (len(self.form) - 2)]
        detail = _detail(desk, wanted, Tail(), _ALL) if wanted else [gr.skip()] * len(self.detail)
        names = gr.update(choices=known, value=chosen) if chosen in known else gr.update(choices=known)
        return [names, *form, *listed, *detail]

    def _desk(self, request: gr.Request) -> RunDesk:
        return RunDesk(self.context.settings, self.context.who(request))

    def _choose_workflow(self, name: str | None, request: gr.Request) -> list[Update]:
        return self._form(self._desk(request), name)

    def _form(self, desk: RunDesk, name: str | None) -> list[Update]:
        form = desk.form(name)
        return [name, form.said, gr.update(interactive=form.sound), *updates(form.fields)]

    def _list(self, desk: RunDesk, chosen: str | None) -> list[Update]:
        try:
            choices, said = desk.listing(chosen)
        except DockyardError as error:
            return [gr.update(choices=[], value=None), notice(str(error), Tone.ERROR)]
        if not chosen:
            return [gr.update(choices=choices), said]
        return [gr.update(choices=choices, value=chosen if chosen in dict(choices).values() else None), said]

    # Gradio hands over values by position: those of the bank come last.
    def _start(
        self, name: str | None, repository: str, ref: str, request: gr.Request, *values: str | bool | None
    ) -> list[Update]:
        desk = self._desk(request)
        fields = desk.form(name).fields
        started = desk.start(name, repository, ref, filled(fields, values))
        wrong = started.beside.get("repository", "")
        said = [started.said, notice(wrong, Tone.ERROR) if wrong else "", *beside(fields, started.beside)]
        if started.run is None:
            return [*said, *(gr.skip() for _ in [*self.listing, *self.detail])]
        return [*said, *self._list(desk, started.run), *_detail(desk, started.run, Tail(), _ALL)]

    def _choose(self, run: str | None, request: gr.Request) -> list[Update]:
        return ["", *_detail(self._desk(request), run, Tail(), _ALL)]

    def _refresh(self, run: str | None, request: gr.Request) -> list[Update]:
        desk = self._desk(request)
        return [*self._list(desk, run), *_detail(desk, run, Tail(), _ALL)]

    def _look(self, run: str | None, tail: Tail, node: str, request: gr.Request) -> list[Update]:
        return _detail(self._desk(request), run, tail, node, known=True)

    def _filter(self, tail: Tail, node: str) -> Markup:
        return tail_html(tail, "" if node == _ALL else node)

    def _cancel(self, run: str | None, tail: Tail, node: str, request: gr.Request) -> list[Update]:
        return self._act(lambda desk, chosen: desk.cancel(chosen), run, tail, node, request)

    def _retry(self, run: str | None, tail: Tail, node: str, request: gr.Request) -> list[Update]:
        return self._act(lambda desk, chosen: desk.retry(chosen), run, tail, node, request)

    def _act(
        self, act: Callable[[RunDesk, str], Markup], run: str | None, tail: Tail, node: str, request: gr.Request
    ) -> list[Update]:
        desk = self._desk(request)
        if not run:
            return [notice("Choose a run first.", Tone.WARNING), *_detail(desk, None, Tail(), _ALL)]
        return [act(desk, run), *_detail(desk, run, tail, node)]

    def wire(self) -> None:
        """Let the components answer."""
        on_choice(self.workflow, self.formed, self._choose_workflow, self.form)
        given = [self.formed, self.repository, self.ref, *self.bank.values]
        after = [self.outcome, self.no_repository, *self.bank.wrongs, *self.listing, *self.detail]
        on(self.start.click, self._start, given, after)
        on_choice(self.run, self.shown, self._choose, [self.outcome, *self.detail])
        on(self.again.click, self._refresh, [self.run], [*self.listing, *self.detail])
        # What is shown, not what is chosen: an answer may be under way.
        seen = [self.shown, self.tail, self.node]
        on(self.cancel.click, self._cancel, seen, [self.outcome, *self.detail])
        on(self.retry.click, self._retry, seen, [self.outcome, *self.detail])
        on(self.node.input, self._filter, [self.tail, self.node], [self.log], quiet=True)
        on(self.clock.tick, self._look, seen, self.detail, quiet=True)


def _detail(desk: RunDesk, run: str | None, tail: Tail, node: str, *, known: bool = False) -> list[Update]:
    """The run as it is now. `known`: the page shows it already, and a look that fails leaves what it shows."""
    if not run:
        return _nothing(_EMPTY)
    try:
        shown = desk.show(run, tail)
    except DockyardError as error:
        said = notice(f"{str(error).rstrip('.')}.", Tone.ERROR)
        if known:
            return [run, said, *(gr.skip() for _ in range(7))]
        return _nothing(said)
    return [run, *_filled(shown, node)]


def _filled(shown: Shown, node: str) -> list[Update]:
    nodes = [_ALL, *shown.tail.nodes]
    chosen = node if node in nodes else _ALL
    return [
        shown.facts,
        shown.picture,
        gr.update(visible=shown.live),
        gr.update(visible=shown.failed),
        gr.update(visible=True, choices=nodes, value=chosen),
        tail_html(shown.tail, "" if chosen == _ALL else chosen),
        shown.tail,
        gr.Timer(active=shown.live),
    ]


def _nothing(said: Markup) -> list[Update]:
    off, nodes = gr.update(visible=False), gr.update(visible=False, choices=[_ALL], value=_ALL)
    return [None, said, "", off, off, nodes, "", Tail(), gr.Timer(active=False)]


def run_tab(context: Context) -> RunTab:
    """Make the tab's components where Gradio stands now, and wire them."""
    with gr.Row():
        with gr.Column(scale=1, min_width=320):
            workflow = gr.Dropdown([], label="Workflow", elem_id="workflow")
            about = html("What the workflow does", choose_one(context.settings))
            repository = gr.Textbox(
                label="Repository (needed)", info="A git URL, or a folder that the hub lets be named.", elem_id="repository",
                max_length=2000,
            )  # fmt: skip
            no_repository = html("What is wrong with the repository")
            ref = gr.Textbox("HEAD", label="Ref", info="Branch, tag or commit.", elem_id="ref", max_length=300)
            slots = bank()
            start = gr.Button("Start", variant="primary", interactive=False, elem_id="start")
            outcome = html("What came of it")
        with gr.Column(scale=3, min_width=320):
            with gr.Row():
                run = gr.Dropdown([], label="Run", elem_id="run", scale=4, min_width=240)
                again = gr.Button("Look again", scale=1, min_width=100, elem_id="again")
            listed = html("Which runs are listed", loading("runs"))
            facts = html("The run", _EMPTY)
            with gr.Row():
                cancel = gr.Button("Cancel the run", variant="stop", visible=False, elem_id="cancel")
                retry = gr.Button("Try again from what failed", visible=False, elem_id="retry")
            picture = html("Graph of the run")
            node = gr.Dropdown([_ALL], value=_ALL, label="Log of", visible=False, elem_id="log-node")
            log = html("Log of the run")
    tab = RunTab(
        context, workflow, gr.State(None), about, repository, no_repository, ref, slots, start, outcome, run, gr.State(None),
        again, listed, facts, picture, cancel, retry, node, log, gr.State(Tail()), gr.Timer(_AGAIN_SECONDS, active=False),
    )  # fmt: skip
    tab.wire()
    return tab
