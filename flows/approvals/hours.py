"""Working hours: when a gate's time runs."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, model_validator

from agents.contract.schema import Frozen
from flows.definition.problems import did_you_mean


class Day(StrEnum):
    """Days of the week, in the order of `date.weekday`."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


def _zone(name: str) -> str:
    if name not in available_timezones():
        hint = did_you_mean(name, available_timezones(), otherwise="A name such as Europe/Berlin.")
        raise ValueError(f"there is no time zone '{name}'. {hint}")
    return name


class Hours(Frozen):
    """From `from` to `to` on `days`, on the clocks of `timezone`."""

    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    days: Annotated[tuple[Day, ...], Field(min_length=1)] = (Day.MON, Day.TUE, Day.WED, Day.THU, Day.FRI)
    from_: Annotated[time, Field(alias="from")] = time(9)
    to: time = time(17)

    @model_validator(mode="after")
    def _enough(self) -> Hours:
        if self.from_.tzinfo or self.to.tzinfo:
            raise ValueError("'from' and 'to' have no zone of their own: write 'timezone'")
        if _minutes(self.to) - _minutes(self.from_) < 60:
            raise ValueError("working hours are at least one hour a day: 'to' comes after 'from'")
        return self


def later(opened: datetime, seconds: float, hours: Hours | None) -> datetime:
    """The moment, in UTC, when that many seconds have passed since `opened`, of which only working hours count.

    An hour that a change of the clocks takes away or adds is counted as it really passes.
    """
    start = opened.astimezone(UTC)
    if hours is None:
        return start + timedelta(seconds=seconds)
    zone = ZoneInfo(hours.timezone)
    day = start.astimezone(zone).date()
    left = timedelta(seconds=seconds)
    while True:
        if list(Day)[day.weekday()] in hours.days:
            begin = max(start, datetime.combine(day, hours.from_, zone).astimezone(UTC))
            end = datetime.combine(day, hours.to, zone).astimezone(UTC)
            if begin + left <= end:
                return begin + left
            left -= max(end - begin, timedelta(0))
        day += timedelta(days=1)


def _minutes(of_day: time) -> int:
    return of_day.hour * 60 + of_day.minute
