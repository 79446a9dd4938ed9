"""The formats a plan can be had in. Adding one is adding its line here."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from flows.reports import plain, plan_mermaid, plan_svg, plan_text
from flows.reports.planned import RunPlan


class PlanFormat(StrEnum):
    """The name of a format, as `dockyard plan --format` takes it."""

    TEXT = "text"
    MERMAID = "mermaid"
    SVG = "svg"
    JSON = "json"


def _json(plan: RunPlan) -> str:
    return plain.inert_json(plan.model_dump_json(indent=2)) + "\n"


_RENDERERS: dict[PlanFormat, Callable[[RunPlan], str]] = {
    PlanFormat.TEXT: plan_text.render,
    PlanFormat.MERMAID: plan_mermaid.render,
    PlanFormat.SVG: plan_svg.render,
    PlanFormat.JSON: _json,
}


def render(plan: RunPlan, format: PlanFormat) -> str:  # noqa: A002 — the word users know it by
    """The whole plan in `format`, ending with a line break."""
    return _RENDERERS[format](plan)
