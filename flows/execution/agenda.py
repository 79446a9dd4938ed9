"""What a run has to do next: steps that wait for a slot, alarms that will ring, consequences to be drawn. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from pydantic import JsonValue

from flows.definition.schema import Node
from flows.execution.outcome import Outcome


@dataclass(frozen=True)
class Alarm:
    """Something that happens by the clock, `seconds` after it was given out, for a `reason`.

    `before` is the key of the step that comes after it, so that a run entered again need not wait for what it has.
    """

    number: int
    seconds: float
    reason: str
    before: str | None = None


@dataclass(frozen=True)
class Step:
    """One turn of one node for an agent to do.

    `name` reads `sub.scan[3]#2`: the node `scan` of the sub-workflow node `sub`, its item 3 (from 0), its second turn;
    `path` is the same without items and turns. `key` tells it from every other step of the run. `after` names steps
    that ended before it. `bounds` are the alarms that end the time it has; `last` means that it has some even then.
    """

    name: str
    path: str
    key: str
    node: Node
    inputs: dict[str, JsonValue]
    after: tuple[str, ...] = ()
    bounds: tuple[Alarm, ...] = ()
    last: bool = False


@dataclass(frozen=True)
class Ended:
    """A node that came to its end."""

    path: str
    outcome: Outcome


@dataclass(frozen=True)
class Orders:
    """What to do now: steps to start, alarms to set, ends to tell."""

    steps: tuple[Step, ...]
    alarms: tuple[Alarm, ...]
    ended: tuple[Ended, ...]


class Owner(Protocol):
    """Who asked for a step. `over` says why it must not start any more."""

    over: str | None

    def step_ended(self, step: Step, outcome: Outcome) -> None:
        """Take the step's end."""

    def step_dropped(self, step: Step) -> None:
        """Take that the step never starts, since `over`."""


class Agenda:
    """Shared by all parts of a run; they add to it, and it calls them back one after the other, never nested."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._later: deque[Callable[[], None]] = deque()
        self._ready: deque[tuple[Step, Owner]] = deque()
        self._running: dict[str, tuple[Step, Owner]] = {}
        self._parked: set[str] = set()
        self._set: dict[int, Callable[[], None]] = {}
        self._alarms: list[Alarm] = []
        self._numbers = 0
        self._dropping = False
        self._ended: list[Ended] = []

    def later(self, action: Callable[[], None]) -> None:
        """Call `action` when what is going on now is done."""
        self._later.append(action)

    def start(self, step: Step, owner: Owner) -> None:
        """Start `step` when a slot is free."""
        self._ready.append((step, owner))

    def alarm(self, seconds: float, action: Callable[[], None], reason: str, before: str | None = None) -> Alarm:
        """Call `action` when so many seconds are over."""
        self._numbers += 1
        alarm = Alarm(self._numbers, seconds, reason, before)
        self._set[alarm.number] = action
        self._alarms.append(alarm)
        return alarm

    def tell(self, path: str, outcome: Outcome) -> None:
        """A node ended."""
        self._ended.append(Ended(path, outcome))

    def drop(self) -> None:
        """End the steps that wait for a slot and must not start any more, once what goes on now is done."""
        self._dropping = True

    def _drop(self) -> None:
        self._dropping = False
        waiting, self._ready = self._ready, deque()
        for step, owner in waiting:
            if owner.over is None:
                self._ready.append((step, owner))
            else:
                self.later(partial(owner.step_dropped, step))

    def step_ended(self, name: str, outcome: Outcome) -> None:
        """A started step came to its end."""
        step, owner = self._running.pop(name)
        self._parked.discard(name)
        self.later(lambda: owner.step_ended(step, outcome))

    def step_parked(self, name: str) -> None:
        """A started step waits for people, who may take days: its slot is free for others."""
        if name not in self._running:
            raise KeyError(name)
        self._parked.add(name)

    def rang(self, alarm: Alarm) -> None:
        """The time of an alarm has come."""
        self.later(self._set.pop(alarm.number))

    def settle(self) -> Orders:
        """Draw all consequences, then say what to do."""
        while self._later or self._dropping:
            if self._later:
                self._later.popleft()()
            else:
                self._drop()
        steps = []
        while self._ready and len(self._running) - len(self._parked) < self._slots:
            step, owner = self._ready.popleft()
            self._running[step.name] = (step, owner)
            steps.append(step)
        orders = Orders(tuple(steps), tuple(self._alarms), tuple(self._ended))
        self._alarms, self._ended = [], []
        return orders
