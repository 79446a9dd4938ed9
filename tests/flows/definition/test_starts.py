"""Schedules are what Prefect, which keeps them, accepts, too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect.client.schemas.schedules import CronSchedule

from flows.definition import loader
from flows.definition.problems import DefinitionError
from tests.flows.definition.conftest import MANIFESTS


def lint(schedule: str) -> list[str]:
    """Codes of what is wrong with a schedule."""
    text = f"name: x\nnodes: [{{id: a, agent: scanner}}]\nschedule: {{{schedule}, params: {{repository: /srv/code}}}}"
    try:
        loader.load(text, manifests=MANIFESTS)
    except DefinitionError as error:
        return [problem.code for problem in error.problems]
    return []


@pytest.mark.parametrize(
    "cron",
    ["0 3 * * *", "*/15 * * * 1-5", "0 0 L * *", "0 0 * * 1#2", "0 0 1 jan mon", "* * * * 7", "0 0 * * SUN-TUE",
     "1-5/2 0 * * *",
     "5/15 * * * *", "0 0 29 2 *", "0 0 1,15 * *", "0 12 * * mon#1"],
)  # fmt: skip
def test_what_a_cron_expression_is(cron: str) -> None:
    assert lint(f"cron: '{cron}'") == []
    assert CronSchedule(cron=cron)


@pytest.mark.parametrize(
    "cron",
    ["", "* * * *", "* * * * * *", "60 * * * *", "0 24 * * *", "0 0 32 * *", "0 0 * 13 *", "* * * * 8", "0 0 30 2 *",
     "@daily", "0 0 LW * *", "0 0 * * 5L", "0 0 * * fri,5L", "0 0 15W * *", "H * * * *", "*/0 * * * *",
     "a b c d e", "1,,2 * * * *", "- - - - -"],
)  # fmt: skip
def test_what_none_is(cron: str) -> None:
    assert lint(f"cron: '{cron}'") == ["DY019"]


FIELD = st.from_regex(r"(\*|[0-9]{1,2}(-[0-9]{1,2})?|L|LW|[0-7]L|[0-7]#[1-5]|mon|jan)(/[0-9]{1,2})?", fullmatch=True)


@given(st.lists(FIELD, min_size=5, max_size=5).map(" ".join))
def test_what_lint_accepts_prefect_accepts(cron: str) -> None:
    if lint(f"cron: '{cron}'") == []:
        assert CronSchedule(cron=cron).cron == cron


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_what_a_time_zone_is(zone: str) -> None:
    assert lint(f"interval: 1h, timezone: {zone}") == []
    assert CronSchedule(cron="0 3 * * *", timezone=zone)


@pytest.mark.parametrize("zone", ["Europe/Berln", "''", "/etc/passwd", "../etc/localtime", "'a\\0b'", "Europe", "x" * 300])
def test_what_no_time_zone_is(zone: str) -> None:
    assert lint(f"interval: 1h, timezone: {zone}") == ["DY019"]
