"""The figures of a finished run, read without its findings: what lists, trends and progress need of very many reports."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from agents.contract.schema import Summary
from flows.definition.status import NodeStatus
from flows.reports.schema import RunStatus


class _Part(BaseModel):
    """A part of a report: what else stands there is not read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ComplexityGlance(_Part):
    """Cyclomatic complexity over all functions."""

    functions: int = 0
    mean: float = 0.0
    max: float = 0.0


def _where_it_fits(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    """Another agent may call something else by the same name."""
    try:
        return handler(value)
    except ValidationError:
        return None


class ReportGlance(_Part):
    """An agent's counts, and the code-reviewer's complexity where it is one."""

    summary: Summary = Summary()
    files_scanned: int = 0
    complexity: Annotated[ComplexityGlance | None, WrapValidator(_where_it_fits)] = None


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
