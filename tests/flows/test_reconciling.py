"""The reconciler beside a worker goes on whatever happens to one look, and ends with the worker."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from flows.errors import UnavailableError
from flows.worker.reconciling import SLOWEST_SECONDS, Reconciling

LOG = logging.getLogger("tests.reconciling")


class Looks:
    """Looks that end as they are told to, counted."""

    def __init__(self, *ends: Exception | str) -> None:
        self.ends = list(ends)
        self.count = 0
        self.done = threading.Event()

    def __call__(self) -> tuple[str, ...]:
        self.count += 1
        end = self.ends.pop(0) if self.ends else None
        if end is None:
            self.done.set()
            return ()
        if isinstance(end, Exception):
            raise end
        return (end,)


def test_goes_on_after_a_server_that_did_not_answer_and_after_a_mistake(caplog: pytest.LogCaptureFixture) -> None:
    looks = Looks("Run a goes on.", UnavailableError("the database is busy"), ValueError("odd"), "Run b goes on.")
    reconciling = Reconciling(looks, LOG, every=0.01)
    with caplog.at_level(logging.INFO):
        reconciling.start()
        assert looks.done.wait(10)
    reconciling.stop()
    told = [record.getMessage() for record in caplog.records if record.name == LOG.name]
    assert told == [
        "Run a goes on.",
        "Runs that wait for people are not looked at: the database is busy; again in 0 s.",
        "Runs that wait for people are not looked at; again in 0 s.",
        "Run b goes on.",
    ]
    assert "ValueError: odd" in caplog.text


def test_waits_longer_after_each_failure_and_never_longer_than_a_minute() -> None:
    reconciling = Reconciling(Looks(), LOG, every=2)
    waits, wait = [], 2.0
    for _ in range(7):
        wait = reconciling._slower(wait)
        waits.append(wait)
    assert waits == [4, 8, 16, 32, 60, 60, SLOWEST_SECONDS]


def test_stops_at_once_and_looks_no_more() -> None:
    looks = Looks()
    reconciling = Reconciling(looks, LOG, every=0.01)
    reconciling.start()
    assert looks.done.wait(10)
    began = time.monotonic()
    reconciling.stop()
    assert time.monotonic() - began < 0.1
    time.sleep(0.05)
    count = looks.count
    time.sleep(0.1)
    assert looks.count == count


def test_a_look_that_hangs_keeps_no_process_alive() -> None:
    hangs = threading.Event()
    Reconciling(lambda: (str(hangs.wait(5)),), LOG, every=0.01).start()
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "dockyard-reconciler" and thread.is_alive()]
    assert thread.daemon
    hangs.set()
