"""The figures of a finished run, read without its findings: what lists, trends and progress need of very many reports."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from agents.contract.schema import Summary
from flows.definition.status import NodeStatus
from flows.reports.schema import RunStatus


class _Part(BaseModel):
    """A part of a report: what else stands there is not read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class LanguageGlance(_Part):
    """Size of one language's files."""

    files: int = 0
    lines: int = 0
    code_lines: int = 0


class ComplexityGlance(_Part):
    """Cyclomatic complexity over all functions."""

    functions: int = 0
    mean: float = 0.0
    max: float = 0.0


class ReportGlance(_Part):
    """An agent's counts, and the code-reviewer's figures where it is one."""

    summary: Summary = Summary()
    files_scanned: int = 0
    languages: tuple[LanguageGlance, ...] = ()
    complexity: ComplexityGlance | None = None


class NodeGlance(_Part):
    """A node's outcome; `report` is None where it gave none."""

    node: str
    agent: str
    status: NodeStatus
    reason: str | None = None
    group: bool = False
    report: ReportGlance | None = None


class Glance(_Part):
    """A finished run without its findings."""

    run: str
    name: str
    workflow: str
    repository: str
    commit: str
    status: RunStatus
    started: datetime
    finished: datetime
    nodes: tuple[NodeGlance, ...] = ()
