"""Results that no agent may give: each is refused with a reason."""

from __future__ import annotations

NAME, VERSION = "probes", "1.0.0"


def result(report: bytes) -> bytes:
    """A line of the contract around what stands for the report."""
    head = f'{{"contract": 1, "agent": "{NAME}", "version": "{VERSION}", "report": '
    return head.encode() + report + b"}\n"
