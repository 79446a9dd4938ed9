"""The two tabs to look things up: workflows and agents."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr
from markupsafe import Markup

from agents.catalog import catalog
from flows.errors import DockyardError
from flows.people import DEFAULT_WORKSPACE
from flows.service import agents
from flows.service.shelf import names
from ui.page.catalog_view import agent_html, workflow_html
from ui.page.context import Context
from ui.page.events import Parts, Update, html, on
from ui.page.pieces import Tone, loading, notice


@dataclass(frozen=True)
class WorkflowsTab:
    """A list of workflows, and one of them."""

    context: Context
    chosen: gr.Dropdown
    shown: gr.HTML

    @property
    def arrival(self) -> Parts:
        """What `arrive` fills."""
        return [self.chosen, self.shown]

    def arrive(self, request: gr.Request) -> list[Update]:
        """The workflows there are now, and the one that the address names, else the first: none was to choose before."""
        workspace = self.context.who(request).workspace
        try:
            known = names(self.context.settings, workspace)
        except DockyardError as error:
            return [gr.update(choices=[], value=None), notice(f"{str(error).rstrip('.')}.", Tone.ERROR)]
        if not known:
            where = (
                f"There is no workflow in {self.context.settings.workflows_dir}. Write one as NAME.yaml into that folder."
            )
            return [gr.update(choices=[], value=None), notice(where)]
        wanted = str(request.query_params.get("workflow", ""))
        name = wanted if wanted in known else known[0]
        return [gr.update(choices=known, value=name), workflow_html(name, self.context.settings, workspace)]

    def _choose(self, name: str | None, request: gr.Request) -> Markup:
        if not name:
            return notice("Choose a workflow from the list.")
        return workflow_html(name, self.context.settings, self.context.who(request).workspace)

    def wire(self) -> None:
        """Let the components answer."""
        on(self.chosen.input, self._choose, [self.chosen], [self.shown])


def workflows_tab(context: Context) -> WorkflowsTab:
    """Make the tab's components where Gradio stands now, and wire them."""
    tab = WorkflowsTab(
        context, gr.Dropdown([], label="Workflow", elem_id="workflow-file"), html("The workflow", loading("workflows"))
    )
    tab.wire()
    return tab


@dataclass(frozen=True)
class AgentsTab:
    """A list of agents, and one of them."""

    context: Context
    chosen: gr.Dropdown
    shown: gr.HTML

    @property
    def arrival(self) -> Parts:
        """What `arrive` fills."""
        return [self.chosen]

    def arrive(self, request: gr.Request) -> Update:
        """The agents there are now; the one that is shown stays. Gradio takes what fills one component by itself."""
        return gr.update(choices=self._names(self.context.who(request).workspace))

    def _names(self, workspace: str) -> list[str]:
        try:
            return [one.name for one in agents(self.context.settings, workspace)]
        except DockyardError:  # the database is away: those of the hub need none, and each other says so itself
            return [*catalog()]

    def _choose(self, name: str | None, request: gr.Request) -> Markup:
        return agent_html(name or "", self.context.settings, self.context.who(request).workspace)

    def wire(self) -> None:
        """Let the components answer."""
        on(self.chosen.input, self._choose, [self.chosen], [self.shown])


def agents_tab(context: Context) -> AgentsTab:
    """Make the tab's components where Gradio stands now, and wire them."""
    known = [*catalog()]  # what every workspace has: it is there before anybody is known
    chosen = gr.Dropdown(known, value=known[0], label="Agent", elem_id="agent")
    first = agent_html(known[0], context.settings, DEFAULT_WORKSPACE)
    tab = AgentsTab(context, chosen, gr.HTML(first, label="The agent", js_on_load=None, elem_classes=["dy-html"]))
    tab.wire()
    return tab
