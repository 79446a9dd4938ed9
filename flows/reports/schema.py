"""What is known of a finished run."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import cached_property

from pydantic import JsonValue, TypeAdapter

from agents.contract.schema import Finding, Frozen, Note, Report, Severity, Summary
from flows.definition.status import NodeStatus
from flows.people import DEFAULT_WORKSPACE, WorkspaceName

_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


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

    @cached_property
    def common(self) -> Report:
        """The fields every agent's report has (findings, notes, summary), the agent's own left out."""
        known = {key: value for key, value in (self.report or {}).items() if key in Report.model_fields}
        return Report.model_validate_json(_JSON.dump_json(known))


class RunReport(Frozen):
    """A run and its nodes in the workflow's order. Times are UTC; `commit` is the full id.

    `workspace` is whose run it was. `notices` are sentences that whoever reads the report must know, such as what the
    runtime does not protect.
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

    @cached_property
    def findings(self) -> tuple[tuple[NodeReport, Finding], ...]:
        """Every finding with its node, worst severity first, then by place."""
        pairs = [(node, finding) for node in self.nodes for finding in node.common.findings]
        return tuple(sorted(pairs, key=lambda p: (p[1].severity.rank, p[1].file or "", p[1].line or 0, p[1].rule)))

    @cached_property
    def notes(self) -> tuple[tuple[NodeReport, Note], ...]:
        """Every note with its node."""
        return tuple((node, note) for node in self.nodes for note in node.common.notes)

    @cached_property
    def summary(self) -> Summary:
        """All nodes' findings counted by severity."""
        return Summary.of(finding for _, finding in self.findings)

    def at_or_above(self, threshold: Severity) -> int:
        """How many findings are as bad as `threshold` or worse."""
        return sum(finding.severity.rank <= threshold.rank for _, finding in self.findings)
