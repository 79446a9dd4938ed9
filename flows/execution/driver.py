"""Drives a scheduler by the real clock: starts its steps somewhere, rings its alarms, hands back the ends."""

from __future__ import annotations

import heapq
import queue
import time
from collections.abc import Callable

from flows.execution.scheduler import Alarm, Orders, Outcome, Scheduler, Step

LAST_SECONDS = 600.0
"""What a step of `finally` has when the run's time is over."""


class Clock:
    """When alarms ring, and how long a step may take."""

    def __init__(self) -> None:
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._moments: dict[int, float] = {}

    def set(self, alarm: Alarm, seconds: float) -> None:
        """Let `alarm` ring after so many seconds."""
        moment = time.monotonic() + seconds
        self._moments[alarm.number] = moment
        heapq.heappush(self._alarms, (moment, alarm.number, alarm))

    def wait(self) -> float | None:
        """Seconds until the next alarm; None when none is set."""
        return max(self._alarms[0][0] - time.monotonic(), 0) if self._alarms else None

    def ring(self) -> Alarm:
        """The next alarm, which is set no more."""
        return heapq.heappop(self._alarms)[2]

    def left(self, step: Step) -> tuple[float, str]:
        """Seconds that remain to `step`, and what is to be said when they are over."""
        moment, reason = min(
            ((self._moments[alarm.number], alarm.reason) for alarm in step.bounds), default=(float("inf"), "")
        )
        left = moment - time.monotonic()
        return (max(left, LAST_SECONDS) if step.last else left), reason


class Driver:
    """One run. `submit` starts a step in another thread, which calls the function that it is given, once, at its end."""

    def __init__(
        self,
        scheduler: Scheduler,
        clock: Clock,
        *,
        submit: Callable[[Step, Callable[[Outcome], None]], None],
        known: Callable[[str], bool],
        tell: Callable[[str, Outcome], None],
    ) -> None:
        """`known`: whether the step of that key has ended in an earlier entry; `tell` takes the ends of nodes."""
        self._scheduler = scheduler
        self._clock = clock
        self._submit = submit
        self._known = known
        self._tell = tell
        self._done: queue.SimpleQueue[tuple[str, Outcome]] = queue.SimpleQueue()

    def drive(self) -> None:
        """Run every node to its end."""
        self._take(self._scheduler.begin())
        while not self._scheduler.finished:
            self._take(self._next())

    def _next(self) -> Orders:
        try:
            name, outcome = self._done.get(timeout=self._clock.wait())
        except queue.Empty:
            return self._scheduler.rang(self._clock.ring())
        return self._scheduler.step_ended(name, outcome)

    def _take(self, orders: Orders) -> None:
        for ended in orders.ended:
            self._tell(ended.path, ended.outcome)
        for alarm in orders.alarms:
            rests = alarm.before is None or not self._known(alarm.before)
            self._clock.set(alarm, alarm.seconds if rests else 0)
        for step in orders.steps:
            self._submit(step, lambda outcome, name=step.name: self._done.put((name, outcome)))  # type: ignore[misc]
