"""The report of a whole run from what the scheduler decided and the agents gave. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flows.definition.definition import Definition
from flows.definition.status import NodeStatus
from flows.errors import EXPIRED, REJECTED
from flows.execution.scheduler import Row
from flows.reports.schema import NodeReport


def node_reports(
    rows: Iterable[Row], reports: Mapping[str, NodeReport], definition: Definition, runtime: str
) -> tuple[NodeReport, ...]:
    """A report per line; `reports` are those of steps, by name. A line without one says how it ended, and why."""
    return tuple(_line(row, reports, definition, runtime) for row in rows)


def _line(row: Row, reports: Mapping[str, NodeReport], definition: Definition, runtime: str) -> NodeReport:
    found = reports.get(row.step or "")
    if found is not None and row.outcome.status.ok:
        return found.model_copy(update={"node": row.name})
    manifest = None if row.node.agent is None else definition.manifest(row.node)
    return NodeReport(
        node=row.name,
        agent=f"workflow {row.node.workflow}" if manifest is None else manifest.name,
        version="" if manifest is None else manifest.version,
        status=row.outcome.status,
        reason=row.outcome.error,
        runtime=runtime,
        group=row.group,
    )


def denied(rows: Iterable[Row], failing: Iterable[str]) -> str | None:
    """`Rejected` or `Expired` where the nodes that fail the run, or parts of them, ended by people's no or silence alone."""
    names = tuple(failing)
    ended = {row.outcome.status for row in rows if row.outcome.status.failed and not row.group and _within(row.name, names)}
    if not ended or ended - {NodeStatus.REJECTED, NodeStatus.EXPIRED}:
        return None
    return REJECTED if NodeStatus.REJECTED in ended else EXPIRED


def _within(name: str, nodes: tuple[str, ...]) -> bool:
    return any(name == node or name.startswith((f"{node}.", f"{node}[", f"{node}#")) for node in nodes)
