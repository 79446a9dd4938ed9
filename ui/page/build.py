"""The page as a whole, and how it is mounted."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from fastapi import FastAPI
from markupsafe import Markup

from flows.settings import Settings
from ui.access.addresses import LOGIN
from ui.page.approvals_tab import approvals_tab
from ui.page.catalog_tabs import agents_tab, workflows_tab
from ui.page.context import Context, Who
from ui.page.events import Update, on
from ui.page.report_tab import report_tab
from ui.page.reports import Subject
from ui.page.run_tab import run_tab

_STYLE = Path(__file__).with_name("style.css")
_HEAD = Markup('<header class="dy-masthead"><h1>Dockyard</h1><a href="{}">Account and sign-out</a></header>')
_TABS = ("approvals", "run", "compliance", "review", "workflows", "agents")
_FILES_SECONDS = 3600
"""Files that were made for downloading are removed after that long."""


def build(settings: Settings, who: Who) -> gr.Blocks:
    """The page over the workspace of `settings`; `who` says for every event who is behind it. Mount it with `mount`."""
    context = Context(settings, who)
    page = gr.Blocks(
        title="Dockyard", analytics_enabled=False, delete_cache=(_FILES_SECONDS, _FILES_SECONDS), fill_width=True
    )
    with page:
        gr.HTML(_HEAD.format(LOGIN), js_on_load=None, elem_classes=["dy-html"])
        with gr.Tabs(selected="approvals") as tabs:
            with gr.Tab("Approvals", id="approvals"):
                approvals = approvals_tab(context)
            with gr.Tab("Run", id="run"):
                run = run_tab(context)
            with gr.Tab("Compliance", id="compliance"):
                compliance = report_tab(context, Subject(review=False))
            with gr.Tab("Code review", id="review"):
                review = report_tab(context, Subject(review=True))
            with gr.Tab("Workflows", id="workflows"):
                workflows = workflows_tab(context)
            with gr.Tab("Agents", id="agents"):
                agents = agents_tab(context)
        on(page.load, approvals.arrive, [], [*approvals.listed, *approvals.detail])
        on(page.load, run.arrive, [], run.arrival)
        compliance.wire_arrival(page)
        review.wire_arrival(page)
        on(page.load, workflows.arrive, [], workflows.arrival)
        on(page.load, agents.arrive, [], agents.arrival)
        on(page.load, _selected, [], [tabs], quiet=True)
    return page


def mount(app: FastAPI, page: gr.Blocks, path: str = "/") -> FastAPI:
    """Mount what `build` gave on `app`, without what Gradio offers beside: no API page, no history, no other hosts.

    It has no login: put authentication before all of `path`.
    """
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        page,
        path,
        show_error=False,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        max_file_size=0,
        theme=_theme(),
        css=_STYLE.read_text(encoding="utf-8"),
    )
    return mounted


def _selected(request: gr.Request) -> Update:
    """The tab that the address is about; where it says nothing, whoever was quick to choose one stays there."""
    wanted = str(request.query_params.get("tab", ""))
    if wanted in _TABS:
        return gr.Tabs(selected=wanted)
    if request.query_params.get("gate"):
        return gr.Tabs(selected="approvals")
    about_run = request.query_params.get("run") or request.query_params.get("workflow")
    return gr.Tabs(selected="run") if about_run else gr.skip()


def _theme() -> gr.themes.Base:
    """Gradio's plainest, with the fonts that a machine has, and colours that can be read (WCAG 2.2, 1.4.3)."""
    theme = gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
    light, dark = "*neutral_600", "*neutral_300"
    return theme.set(
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_border_color="*primary_600",
        button_primary_border_color_hover="*primary_700",
        block_info_text_color=light,
        block_info_text_color_dark=dark,
        block_label_text_color=light,
        block_label_text_color_dark=dark,
        block_title_text_color=light,
        block_title_text_color_dark=dark,
        body_text_color_subdued=light,
        body_text_color_subdued_dark=dark,
        input_placeholder_color=light,
        input_placeholder_color_dark=dark,
    )
