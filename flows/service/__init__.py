"""Use cases for page, API and command line. Every door enters the hub here, and only here."""

from flows.reports.formats import Format, render
from flows.reports.schema import RunReport
from flows.reports.text import summary
from flows.service.agents import AgentInfo, agents, run_agent
from flows.service.deployments import deploy_all
from flows.service.doctor import Check, examine
from flows.service.images import build_image, engine_answers
from flows.service.local import LocalServices
from flows.service.runs import Progress, RunHandle, Runs, RunState, StartRequest
from flows.service.workflows import check_named, lint

__all__ = [
    "AgentInfo",
    "Check",
    "Format",
    "LocalServices",
    "Progress",
    "RunHandle",
    "RunReport",
    "RunState",
    "Runs",
    "StartRequest",
    "agents",
    "build_image",
    "check_named",
    "deploy_all",
    "engine_answers",
    "examine",
    "lint",
    "render",
    "run_agent",
    "summary",
]
