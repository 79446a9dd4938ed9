"""A run's clock goes while the run works, and what was used is used in the next entry, too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from flows.execution.driver import Clock
from flows.execution.scheduler import Alarm, Scheduler
from flows.execution.worked import Worked
from tests.flows.execution.driving import definition


class Time:
    """Seconds that only tests move on."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def _results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Prefect's results are in a folder of the test's own, and its server is one that nobody needs here."""
    from prefect.context import refresh_global_settings_context

    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.setenv("PREFECT_LOCAL_STORAGE_PATH", str(tmp_path / "results"))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    refresh_global_settings_context()
    yield
    monkeypatch.undo()
    refresh_global_settings_context()


def alarm_of(worked: float) -> Alarm:
    """The alarm of a run that may work for an hour, when it is entered after so many seconds of work."""
    found = definition({"id": "a"}, timeout="1h")
    scheduler = Scheduler(found, params={}, built_in={}, run={}, slots=1, worked=worked)
    (alarm,) = scheduler.begin().alarms
    return alarm


def test_no_time_passes_while_it_is_stopped() -> None:
    time = Time()
    clock = Clock(time)
    clock.set(alarm_of(0), 60)
    time.now += 10
    for _ in range(2):  # a run that rests says so at each look
        clock.stop()
        time.now += 86_400
    assert (clock.wait(), clock.worked) == (50, 10)
    clock.go()
    clock.go()
    time.now += 49
    assert (clock.wait(), clock.worked) == (1, 59)
    time.now += 1
    assert clock.wait() == 0


@pytest.mark.parametrize(("worked", "left"), [(0, 3600), (3000, 600), (4000, 0)])
def test_an_entry_has_what_those_before_it_left(worked: float, left: float) -> None:
    assert alarm_of(worked).seconds == left


@pytest.mark.usefixtures("_results")
def test_what_was_used_is_summed_over_entries_until_the_run_has_ended() -> None:
    run = str(uuid4())
    first = Worked(run)
    assert first.before == 0
    first.keep(100.5)
    second = Worked(run)
    second.keep(20)
    third = Worked(run)
    assert (second.before, third.before) == (100.5, 120.5)
    third.forget()
    assert Worked(run).before == 0
