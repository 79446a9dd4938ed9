"""Drives a scheduler by the real clock: starts its steps somewhere, rings its alarms, hands back the ends."""

from __future__ import annotations

import heapq
import queue
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from flows.execution.scheduler import Alarm, Orders, Outcome, Scheduler, Step

LAST_SECONDS = 600.0
"""What a step of `finally` has when the run's time is over."""
LOOK_SECONDS = 0.2
"""How often is looked at what people decided."""


class Clock:
    """When alarms ring, and how long a step may take, in the time that the run works: none passes while it is stopped."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`monotonic` gives seconds since some moment."""
        self._monotonic = monotonic
        self._began = monotonic()
        self._stopped: float | None = None
        self._rested = 0.0
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._moments: dict[int, float] = {}

    @property
    def worked(self) -> float:
        """Seconds for which it has gone."""
        return self._now() - self._began

    def stop(self) -> None:
        """The run does nothing but wait for people. Again, nothing."""
        if self._stopped is None:
            self._stopped = self._monotonic()

    def go(self) -> None:
        """The run works again. Again, nothing."""
        if self._stopped is not None:
            self._rested += self._monotonic() - self._stopped
            self._stopped = None

    def _now(self) -> float:
        return (self._monotonic() if self._stopped is None else self._stopped) - self._rested

    def set(self, alarm: Alarm, seconds: float) -> None:
        """Let `alarm` ring after so many seconds."""
        moment = self._now() + seconds
        self._moments[alarm.number] = moment
        heapq.heappush(self._alarms, (moment, alarm.number, alarm))

    @property
    def resting(self) -> bool:
        """Whether some step waits for its next turn: a run that is left meanwhile would not come to it."""
        return any(alarm.before is not None for _, _, alarm in self._alarms)

    def wait(self) -> float | None:
        """Seconds until the next alarm; None when none is set."""
        return max(self._alarms[0][0] - self._now(), 0) if self._alarms else None

    def ring(self) -> Alarm:
        """The next alarm, which is set no more."""
        return heapq.heappop(self._alarms)[2]

    def left(self, step: Step) -> tuple[float, str]:
        """Seconds that remain to `step`, and what is to be said when they are over."""
        moment, reason = min(
            ((self._moments[alarm.number], alarm.reason) for alarm in step.bounds), default=(float("inf"), "")
        )
        left = moment - self._now()
        return (max(left, LAST_SECONDS) if step.last else left), reason


class Steps(Protocol):
    """What runs the steps, in other threads, and waits where a step needs people."""

    @property
    def waiting(self) -> int:
        """How many steps wait for people."""

    def submit(self, step: Step, done: Callable[[Outcome], None], park: Callable[[Callable[[], None]], None]) -> None:
        """Start `step`. Once, at its end, `done` is called with its outcome, in whatever thread.

        When it begins to wait for people `park` is called, with what is to be done about it in the driver's thread.
        """

    def known(self, key: str) -> bool:
        """Whether the step of that key has ended in an earlier entry."""

    def look(self, *, busy: bool) -> None:
        """Act on what people decided; `busy` says that other steps go on. May leave the run to be entered again."""


class Driver:
    """One run, from the first step to the last end."""

    def __init__(self, scheduler: Scheduler, clock: Clock, steps: Steps, tell: Callable[[str, Outcome], None]) -> None:
        """`tell` takes the ends of nodes."""
        self._scheduler = scheduler
        self._clock = clock
        self._steps = steps
        self._tell = tell
        self._happened: queue.SimpleQueue[Callable[[], Orders]] = queue.SimpleQueue()
        self._going = 0
        self._next_look = 0.0

    def drive(self) -> None:
        """Run every node to its end."""
        self._take(self._scheduler.begin())
        while not self._scheduler.finished:
            self._take(self._next()())

    def _next(self) -> Callable[[], Orders]:
        """Wait for the next thing that happens."""
        while True:
            self._look()
            alarm, look = self._clock.wait(), self._next_look - time.monotonic() if self._steps.waiting else None
            waits = [max(wait, 0) for wait in (alarm, look) if wait is not None]
            try:
                return self._happened.get(timeout=min(waits, default=None))
            except queue.Empty:
                if self._clock.wait() == 0:
                    return partial(self._scheduler.rang, self._clock.ring())

    def _look(self) -> None:
        if self._steps.waiting and time.monotonic() >= self._next_look:
            busy = self._going > self._steps.waiting or not self._happened.empty() or self._clock.resting
            self._steps.look(busy=busy)
            self._next_look = time.monotonic() + LOOK_SECONDS

    def _take(self, orders: Orders) -> None:
        for ended in orders.ended:
            self._tell(ended.path, ended.outcome)
        for alarm in orders.alarms:
            rests = alarm.before is None or not self._steps.known(alarm.before)
            self._clock.set(alarm, alarm.seconds if rests else 0)
        for step in orders.steps:
            self._going += 1
            self._steps.submit(step, partial(self._done, step.name), partial(self._park, step.name))

    def _done(self, name: str, outcome: Outcome) -> None:
        self._happened.put(partial(self._ended, name, outcome))

    def _ended(self, name: str, outcome: Outcome) -> Orders:
        self._going -= 1
        return self._scheduler.step_ended(name, outcome)

    def _park(self, name: str, begin: Callable[[], None]) -> None:
        def parked() -> Orders:
            begin()
            if self._happened.empty():  # not for each of many that come to wait together
                self._next_look = 0.0  # people may have decided before a run is entered again
            return self._scheduler.step_parked(name)

        self._happened.put(parked)
