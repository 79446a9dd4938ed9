"""Times as the database holds them: UTC, to the microsecond, always 27 characters, so that text sorts as time does."""

from __future__ import annotations

from datetime import UTC, datetime


def stored(time: datetime) -> str:
    """A time that knows its zone as text like 2026-01-31T09:00:00.000000Z. Raises ValueError for one that doesn't."""
    if time.tzinfo is None:
        raise ValueError(f"{time} has no time zone")
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_time(text: str) -> datetime:
    """The time that `stored` wrote. Raises ValueError."""
    return datetime.fromisoformat(text)
