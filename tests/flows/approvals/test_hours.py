"""Only working hours count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from flows.approvals.hours import Hours, later

BERLIN = Hours.model_validate({"timezone": "Europe/Berlin", "from": "09:00", "to": "17:00"})


@pytest.mark.parametrize(
    ("opened", "hours", "wanted"),
    [
        ("2026-03-02T08:00+00:00", 1, "2026-03-02T09:00+00:00"),  # Monday 9:00 there
        ("2026-03-02T05:00+00:00", 1, "2026-03-02T09:00+00:00"),  # before work
        ("2026-03-02T20:00+00:00", 1, "2026-03-03T09:00+00:00"),  # after work
        ("2026-03-02T08:00+00:00", 8, "2026-03-02T16:00+00:00"),  # the whole day, to its last moment
        ("2026-03-06T15:00+00:00", 2, "2026-03-09T09:00+00:00"),  # Friday, an hour before the weekend
        ("2026-03-07T12:00+00:00", 1, "2026-03-09T09:00+00:00"),  # Saturday
        ("2026-03-27T15:00+00:00", 2, "2026-03-30T08:00+00:00"),  # the clocks go forward over this weekend
        ("2026-10-23T14:00+00:00", 2, "2026-10-26T09:00+00:00"),  # and back over this one
        ("2026-03-02T08:00+00:00", 40, "2026-03-06T16:00+00:00"),
    ],
)
def test_time_passes_while_people_work(opened: str, hours: int, wanted: str) -> None:
    assert later(datetime.fromisoformat(opened), hours * 3600, BERLIN) == datetime.fromisoformat(wanted)


def test_without_working_hours_all_time_counts() -> None:
    opened = datetime(2026, 3, 7, tzinfo=UTC)
    assert later(opened, 90, None) == opened + timedelta(seconds=90)


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": "17:00", "to": "09:00"},
        {"from": "09:00", "to": "09:30"},
        {"days": []},
        {"days": ["monday"]},
        {"timezone": "Mars/Olympus"},
        {"from": "09:00+02:00"},
    ],
)
def test_refuses_hours_in_which_nobody_works(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Hours.model_validate(wrong)
