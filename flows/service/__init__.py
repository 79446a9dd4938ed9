"""Use cases for page, API and command line. Every door enters the hub here, and only here."""

from flows.people import Via
from flows.reports import plain
from flows.reports.formats import Format
from flows.reports.lint_formats import Linted, LintFormat
from flows.reports.lint_formats import render as render_lint
from flows.reports.overview import show_summary
from flows.reports.plan_formats import PlanFormat
from flows.reports.plan_formats import render as render_plan
from flows.service.agents import AgentInfo, agents, run_agent
from flows.service.deployments import deploy_all
from flows.service.doctor import Check, examine
from flows.service.images import build_image, engine_answers, prune_images
from flows.service.lint import lint_files
from flows.service.local import LocalServices
from flows.service.local_page import LocalPage
from flows.service.nodes import NodeRequest, NodeResult, run_node, sketch_node
from flows.service.plan import plan_workflow
from flows.service.requests import StartRequest, check_engine, check_request
from flows.service.runs import Caller, LogLine, Progress, RunHandle, Runs, RunState

__all__ = [
    "AgentInfo",
    "Caller",
    "Check",
    "Format",
    "LintFormat",
    "Linted",
    "LocalPage",
    "LocalServices",
    "LogLine",
    "NodeRequest",
    "NodeResult",
    "PlanFormat",
    "Progress",
    "RunHandle",
    "RunState",
    "Runs",
    "StartRequest",
    "Via",
    "agents",
    "build_image",
    "check_engine",
    "check_request",
    "deploy_all",
    "engine_answers",
    "examine",
    "lint_files",
    "plain",
    "plan_workflow",
    "prune_images",
    "render_lint",
    "render_plan",
    "run_agent",
    "run_node",
    "show_summary",
    "sketch_node",
]
