"""What is known of a finished run."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from enum import StrEnum
from typing import cast

from pydantic import JsonValue

from agents.contract.schema import Frozen, Severity, Summary
from flows.definition.status import NodeStatus
from flows.people import DEFAULT_WORKSPACE, WorkspaceName


class RunStatus(StrEnum):
    """How a run ended."""

    COMPLETED = "completed"
    FAILED = "failed"


class NodeReport(Frozen):
    """One node's outcome. `report` is the agent's whole report, None unless `status` is completed.

    `reason` is one sentence for every other status. `seconds` is wall clock, container included. `group`: a node that
    ran once per item, or a whole workflow; it has no report of its own, those of its parts follow it, named `id[0]` or
    `id.part`.
    """

    node: str
    agent: str
    version: str
    status: NodeStatus
    reason: str | None = None
    runtime: str = ""
    image: str = ""
    seconds: float = 0.0
    report: dict[str, JsonValue] | None = None
    group: bool = False

    @property
    def reported(self) -> bool:
        """Whether the numbers of this line are an agent's: noughts elsewhere would read as "all fine"."""
        return self.status.ok and not self.group

    def part(self, name: str) -> list[dict[str, JsonValue]]:
        """The report's list of that name (`findings`, `notes`), as it is kept; empty where there is none."""
        return cast("list[dict[str, JsonValue]]", (self.report or {}).get(name) or [])


class RunReport(Frozen):
    """A run and its nodes in the workflow's order. Times are UTC; `commit` is the full id.

    `workspace` is whose run it was. `notices` are sentences that whoever reads the report must know, such as what the
    runtime does not protect.
    What stands in it is read through `flows.reports.index`.
    """

    run: str
    name: str
    workspace: WorkspaceName = DEFAULT_WORKSPACE
    workflow: str
    repository: str
    ref: str
    commit: str
    status: RunStatus
    started: datetime
    finished: datetime
    url: str | None = None
    notices: tuple[str, ...] = ()
    nodes: tuple[NodeReport, ...] = ()


def counted(findings: list[dict[str, JsonValue]]) -> Summary:
    """Findings of a report counted by severity."""
    found = Counter(str(finding["severity"]) for finding in findings)
    return Summary.model_validate(
        {**{severity.value: found[severity.value] for severity in Severity}, "total": found.total()}
    )


def added(summaries: list[Summary]) -> Summary:
    """Counts of several nodes as one."""
    total: Counter[str] = Counter()
    for summary in summaries:
        total.update(summary.model_dump())
    return Summary.model_validate(total)
