"""The approvals tab: a list of gates, one of them in full, and the two buttons."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from flows.errors import DockyardError
from flows.service.approvals import Choice
from ui.page.approvals import Desk, Seen, Shown, Which
from ui.page.context import Context
from ui.page.events import Parts, Update, html, on
from ui.page.pieces import Tone, loading, notice


@dataclass(frozen=True)
class ApprovalsTab:
    """The components of the tab; `arrive` fills them for a visitor who comes with or without a gate's link."""

    context: Context
    which: gr.Radio
    gates: gr.Radio
    said: gr.HTML
    seen: gr.State
    outcome: gr.HTML
    facts: gr.HTML
    page: gr.Dropdown
    diff: gr.HTML
    refusal: gr.HTML
    note: gr.Textbox
    approve: gr.Button
    reject: gr.Button

    @property
    def listed(self) -> Parts:
        """What a listing fills."""
        return [self.which, self.gates, self.said]

    @property
    def detail(self) -> Parts:
        """What a gate fills."""
        return [
            self.seen,
            self.outcome,
            self.facts,
            self.page,
            self.diff,
            self.refusal,
            self.note,
            self.approve,
            self.reject,
        ]

    def arrive(self, request: gr.Request) -> list[Update]:
        """The list, and the gate that the address names."""
        wanted = str(request.query_params.get("gate", ""))
        listed = self._list(Which.OPEN if wanted else Which.MINE, wanted, request)
        return [*listed, *self._choose(wanted, request)]

    def _desk(self, request: gr.Request) -> Desk:
        return Desk(self.context.settings, self.context.who(request))

    def _list(self, which: str, chosen: str | None, request: gr.Request) -> list[Update]:
        try:
            found = self._desk(request).list(Which(which))
        except DockyardError as error:
            return [which, gr.update(choices=[], value=None), notice(_sentence(error), Tone.ERROR)]
        ids = [gate for _, gate in found.choices]
        value = next((gate for gate in ids if chosen and gate.startswith(chosen)), None)
        return [which, gr.update(choices=list(found.choices), value=value, visible=bool(ids)), found.said]

    def _choose(self, gate: str | None, request: gr.Request) -> list[Update]:
        if not gate:
            return _detail(None, "")
        try:
            return _detail(self._desk(request).show(gate), "")
        except DockyardError as error:
            return _detail(None, notice(_sentence(error), Tone.ERROR))

    def _turn(self, seen: Seen | None, page: int | None, request: gr.Request) -> list[Update]:
        if seen is None or page is None:
            return [gr.skip()]
        try:
            shown = self._desk(request).show(seen.gate)
        except DockyardError as error:
            return [notice(_sentence(error), Tone.ERROR)]
        if shown.seen != seen:
            return [notice("This gate has changed since it was shown. Choose it again from the list.", Tone.ERROR)]
        return [shown.page(page)]

    def _decide(self, choice: Choice, seen: Seen | None, note: str, which: str, request: gr.Request) -> list[Update]:
        try:
            outcome, shown = self._desk(request).decide(seen, choice, note)
        except DockyardError as error:  # what stands on the page stays, the note with it
            said = notice(f"{_sentence(error)} Choose the gate again to see how it stands.", Tone.ERROR)
            kept = [gr.skip() for _ in [*self.detail, *self.listed]]
            return [kept[0], said, *kept[2:]]
        if shown is None:
            return [*_detail(None, outcome), *self._list(which, None, request)]
        recorded = shown.refusal is not None
        detail = _detail(shown, outcome, note="" if recorded else note)
        return [*detail, *self._list(which, shown.seen.gate, request)]

    # Gradio reads a function's own signature to know that it wants the request: these are no `partial`.
    def _approve(self, seen: Seen | None, note: str, which: str, request: gr.Request) -> list[Update]:
        return self._decide(Choice.APPROVE, seen, note, which, request)

    def _reject(self, seen: Seen | None, note: str, which: str, request: gr.Request) -> list[Update]:
        return self._decide(Choice.REJECT, seen, note, which, request)

    def wire(self) -> None:
        """Let the components answer."""
        on(self.which.input, self._list, [self.which, self.gates], self.listed)
        on(self.gates.input, self._choose, [self.gates], self.detail)
        on(self.page.input, self._turn, [self.seen, self.page], [self.diff])
        decided = [*self.detail, *self.listed]
        on(self.approve.click, self._approve, [self.seen, self.note, self.which], decided)
        on(self.reject.click, self._reject, [self.seen, self.note, self.which], decided)


def _sentence(error: DockyardError) -> str:
    return f"{str(error)[:1].upper()}{str(error)[1:].rstrip('.')}."


def _detail(shown: Shown | None, outcome: str, *, note: str = "") -> list[Update]:
    if shown is None:
        nothing = gr.update(choices=[], value=None, visible=False)
        off = gr.update(interactive=False, visible=False)
        return [None, outcome, "", nothing, "", "", gr.update(value=note, visible=False), off, off]
    refused = shown.refusal is not None
    pages = gr.update(choices=list(shown.labels), value=0 if shown.diff else None, visible=len(shown.diff) > 1)
    said = notice(f"You cannot decide here: {shown.refusal}.", Tone.WARNING) if refused else ""
    button = gr.update(interactive=not refused, visible=True)
    words = gr.update(value=note, visible=True, interactive=not refused)
    return [shown.seen, outcome, shown.facts, pages, shown.page(0), said, words, button, button]


def approvals_tab(context: Context) -> ApprovalsTab:
    """Make the tab's components where Gradio stands now, and wire them."""
    which = gr.Radio([*Which], value=Which.MINE, label="Gates to list")
    said = html("How many gates there are", loading("gates"))
    gates = gr.Radio([], label="Gates, oldest first", visible=False, elem_id="gates", elem_classes=["dy-list"])
    seen = gr.State(None)
    outcome = html("What came of your decision")
    facts = html("What the gate asks")
    page = gr.Dropdown([], label="Part of the change", visible=False, elem_id="diff-page")
    diff = html("The change")
    refusal = html("Whether you may decide")
    note = gr.Textbox(
        label="Note", info="Why. It is kept in the ledger to the letter.", lines=2, max_length=4000, elem_id="note",
        visible=False,
    )  # fmt: skip
    with gr.Row():
        approve = gr.Button("Approve", variant="primary", interactive=False, visible=False, elem_id="approve")
        reject = gr.Button("Reject", variant="stop", interactive=False, visible=False, elem_id="reject")
    tab = ApprovalsTab(
        context, which, gates, said, seen, outcome, facts, page, diff, refusal, note, approve, reject
    )  # fmt: skip
    tab.wire()
    return tab
