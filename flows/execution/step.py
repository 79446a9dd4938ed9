"""One node's turn: its job on the runtime, and a report that fits the agent's schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import JsonValue, ValidationError

from agents.contract.manifest import Manifest
from agents.contract.runner import readable
from agents.contract.schema import RunInfo
from flows.definition.schema import Node, NodeLimits
from flows.definition.status import NodeStatus
from flows.errors import NodeFailedError, NodeTimedOutError
from flows.execution.received import received
from flows.reports.schema import NodeReport
from flows.runtime import Job, Runtime

History = Callable[[], Mapping[str, int]]
"""By file, the commits of the past year that changed it."""


def run_step(
    node: Node,
    manifest: Manifest,
    inputs: dict[str, JsonValue],
    run: RunInfo,
    runtime: Runtime,
    *,
    left: float = float("inf"),
    reason: str = "",
    history: History,
    log: Callable[[int, str], None],
) -> NodeReport:
    """Run `node` and return its report. Raises NodeFailedError (with the reason) or UnavailableError.

    `history` is asked for an agent that wants it. It is ended after `left` seconds even when it may take longer itself, for
    the given `reason`.
    """
    own = node.timeout or manifest.limits.timeout_seconds
    job = Job(
        manifest=limited(manifest, node.limits),
        params=inputs,
        run=run,
        timeout=min(own, left),
        log=log,
        changes=history() if manifest.history else {},
    )
    try:
        execution = runtime.run(job)
    except NodeTimedOutError as error:
        if left < own:
            raise NodeTimedOutError(f"{error}: {reason}") from error
        raise
    result = execution.result
    if result.failure is not None:
        raise NodeFailedError(f"{manifest.name}: {result.failure.message} ({result.failure.code})")
    try:
        report = received(manifest.report.model_validate(result.report), manifest.name)
    except ValidationError as error:
        detail = readable(error)[:600]
        raise NodeFailedError(f"{manifest.name} gave a report that does not fit its schema: {detail}") from error
    return NodeReport(
        node=node.id,
        agent=manifest.name,
        version=result.version,
        status=NodeStatus.COMPLETED,
        runtime=runtime.name,
        image=execution.image,
        seconds=round(execution.seconds, 3),
        report=report.model_dump(mode="json"),
    )


def limited(manifest: Manifest, limits: NodeLimits | None) -> Manifest:
    """The manifest with what a node's `limits` put in place of the agent's own."""
    if limits is None:
        return manifest
    given = {"memory_mb": limits.memory, "cpus": limits.cpus, "pids": limits.pids}
    own = manifest.limits.model_copy(update={name: value for name, value in given.items() if value is not None})
    return manifest.model_copy(update={"limits": own})
