"""How something ended, and the rules for what follows from it. Pure.

| `run_if`  | a dependency failed, timed out, or was skipped after a failure | none did, one completed | all were skipped |
|-----------|----------------------------------------------------------------|-------------------------|------------------|
| `success` | skipped (after a failure)                                      | starts                  | skipped          |
| `failure` | starts                                                         | skipped                 | skipped          |
| `always`  | starts                                                         | starts                  | starts           |

A dependency that failed with `on_error: continue` counts as completed. A handler starts when a node failed that
names it in `on_error`, whatever became of its other dependencies. Nodes of `finally` always start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from flows.definition.schema import Node, RunIf
from flows.definition.status import NodeStatus


@dataclass(frozen=True)
class Outcome:
    """How a node, or one turn of it, ended. `output` is what others read, None where there is nothing to read.

    `after_failure`: skipped since something before it failed, not since its branch was not taken.
    """

    status: NodeStatus
    output: JsonValue = None
    error: str | None = None
    after_failure: bool = False

    def view(self) -> JsonValue:
        """What a template sees under the node's id."""
        seen: dict[str, JsonValue] = {"status": self.status.value, "error": self.error}
        if self.output is not None:
            seen["output"] = self.output
        return seen


def skipped(reason: str, *, after_failure: bool = False) -> Outcome:
    """The outcome of a node that does not start."""
    return Outcome(NodeStatus.SKIPPED, error=reason, after_failure=after_failure)


def failed(reason: str) -> Outcome:
    """The outcome of a node that could not do what it should."""
    return Outcome(NodeStatus.FAILED, error=reason)


def timed_out(reason: str) -> Outcome:
    """The outcome of a node whose time, or whose run's time, was over."""
    return Outcome(NodeStatus.TIMED_OUT, error=reason)


def hurts(node: Node, outcome: Outcome) -> bool:
    """Whether dependents of `node` see a failure."""
    return outcome.after_failure or (outcome.status.failed and node.on_error != "continue")


def unneeded(node: Node, before: Iterable[tuple[Node, Outcome]]) -> Outcome | None:
    """How `node` ends without a start, by its `run_if` and what it waits for; None when it may start."""
    if node.run_if is RunIf.ALWAYS:
        return None
    ended = list(before)
    bad = [(other, outcome) for other, outcome in ended if hurts(other, outcome)]
    if node.run_if is RunIf.FAILURE:
        return None if bad else skipped("nothing it waits for failed")
    if bad:
        return skipped(f"it needs success, but {_told(bad)}", after_failure=True)
    if ended and all(outcome.status is NodeStatus.SKIPPED for _, outcome in ended):
        return skipped(f"no branch before it was taken: {_told(ended)}")
    return None


def _told(ended: Iterable[tuple[Node, Outcome]]) -> str:
    return ", ".join(sorted(f"'{node.id}' {outcome.status.value}" for node, outcome in ended))


def failures(nodes: Iterable[Node], outcomes: Mapping[str, Outcome]) -> Iterator[tuple[str, str]]:
    """Nodes that fail their run, with the reason: neither continued nor handled to the end."""
    for node in nodes:
        outcome = outcomes[node.id]
        if not outcome.status.failed or node.on_error == "continue":
            continue
        if node.handler is None or not outcomes[node.handler].status.ok:
            yield node.id, outcome.error or outcome.status.value
