"""How much one template may do, counted in items that its filters go through: a count is the same on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from flows.errors import DockyardError

MAX_WORK = 600_000
"""What one template may do, in items gone through: three filters that look into each of a hundred thousand findings.

Half a second on a machine of today: `make bench` prints what the dearest template that is refused has cost.
"""
CHARACTERS = 256
"""Characters that are gone through in the time of one item."""


class TemplateProblemError(DockyardError):
    """A template cannot be parsed or rendered; the text says where and why."""


class _Budget:
    def __init__(self) -> None:
        self.left = MAX_WORK


_budget: ContextVar[_Budget | None] = ContextVar("budget", default=None)


@contextmanager
def bounded() -> Iterator[None]:
    """Within it, `charge` refuses what exceeds MAX_WORK together."""
    token = _budget.set(_Budget())
    try:
        yield
    finally:
        _budget.reset(token)


def charge(cost: int) -> None:
    """Count `cost` items. Raises TemplateProblemError when they are too many for one template."""
    budget = _budget.get()
    if budget is not None:
        budget.left -= cost
        if budget.left < 0:
            raise TemplateProblemError("the template goes through too much: filter a list once, and use what is left")


def cost_of(value: object) -> int:
    """What going through `value` costs."""
    if isinstance(value, str):
        return 1 + len(value) // CHARACTERS
    return 1 + len(value) if isinstance(value, list | tuple | dict) else 1
