"""The states a node can end in."""

from __future__ import annotations

from enum import StrEnum


class NodeStatus(StrEnum):
    """How a node ended. Every node of a finished run has exactly one.

    No node of this version ends as `cancelled`: who cancels a run ends its process, and such a run leaves no report.
    Conditions and reports may name it all the same, as a state that counts as failed.
    """

    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"

    @property
    def ok(self) -> bool:
        """Whether the node gave a report."""
        return self is NodeStatus.COMPLETED

    @property
    def failed(self) -> bool:
        """Whether the node was to start and gave none. A no of people, or none in time, counts as that."""
        return self not in (NodeStatus.COMPLETED, NodeStatus.SKIPPED)
