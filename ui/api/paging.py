"""Long lists, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query

from agents.contract.schema import Frozen

MAX_LIMIT = 100
MAX_OFFSET = 1_000_000

T = TypeVar("T")


class Page(Frozen, Generic[T]):
    """Part of a list. `next_offset` is where the next part begins; null where nothing follows."""

    items: tuple[T, ...]
    next_offset: int | None = None


class Part(Frozen):
    """Which part of a list somebody wants."""

    limit: int
    offset: int

    @property
    def with_one_more(self) -> int:
        """As many as must be looked at to know whether anything follows."""
        return self.limit + 1

    def of(self, whole: Sequence[T]) -> Page[T]:
        """That part of a list that is there as a whole."""
        return self.page(whole[self.offset : self.offset + self.with_one_more])

    def page(self, found: Sequence[T]) -> Page[T]:
        """What was found from `offset` on, of which there may be `with_one_more`."""
        more = len(found) > self.limit
        return Page(items=tuple(found[: self.limit]), next_offset=self.offset + self.limit if more else None)


def _part(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="At most so many.")] = 50,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET, description="How many to leave out at the beginning.")] = 0,
) -> Part:
    return Part(limit=limit, offset=offset)


Wanted = Annotated[Part, Depends(_part)]
"""The part that a request asks for."""
