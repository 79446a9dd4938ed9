"""One node from its start to its end: once, per item, and again until its condition holds. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from pydantic import JsonValue

from flows.definition.schema import Node
from flows.definition.status import NodeStatus
from flows.definition.templates import TemplateProblemError
from flows.execution.agenda import Agenda, Alarm, Step
from flows.execution.inputs import Inputs, Scope, holds, items_of
from flows.execution.outcome import Outcome, failed, timed_out

MAX_TOLD = 10
"""Items whose failure a fan-out's own reason tells; each has a line of its own in the report."""


@dataclass(frozen=True)
class Place:
    """Where nodes stand: prefixes of their names, paths and keys, and what bounds their time."""

    name: str = ""
    path: str = ""
    key: str = ""
    bounds: tuple[Alarm, ...] = ()
    last: bool = False


class Part(Protocol):
    """A sub-workflow that runs as one turn of a node."""

    def time_over(self, reason: str) -> None:
        """Start nothing more but `finally`."""

    def tails(self) -> tuple[str, ...]:
        """Names of the steps that nothing in it came after."""


@dataclass
class Iteration:
    """One item of a fan-out, or the one and only turn of any other node. `outcome` is None until it ended."""

    index: int
    name: str
    scope: Scope
    turn: int = 1
    attempt: int = 0
    inputs: dict[str, JsonValue] = field(default_factory=dict)
    step: str | None = None
    part: Part | None = None
    rests: bool = False
    outcome: Outcome | None = None


class Turns:
    """A started node. Calls `done` once, with its outcome.

    `open_part` starts the node's sub-workflow at a place with inputs, and calls back with its outcome.
    """

    def __init__(
        self,
        node: Node,
        place: Place,
        scope: Scope,
        agenda: Agenda,
        *,
        after: tuple[str, ...],
        open_part: Callable[[Place, dict[str, JsonValue], tuple[str, ...], Callable[[Outcome], None]], Part | None],
        done: Callable[[Outcome], None],
    ) -> None:
        self._node = node
        self._place = place
        self._scope = scope
        self._agenda = agenda
        self._after = after
        self._open_part = open_part
        self._done = done
        self._inputs = Inputs(node, scope)
        self._items: list[JsonValue] | None = None
        self._total = 1
        self._width = 1 if node.for_each is None else node.for_each.concurrency
        self._open = 0
        self._hurt = False
        self.over: str | None = None
        self.iterations: list[Iteration] = []
        self._by_step: dict[str, Iteration] = {}

    @property
    def fan_out(self) -> bool:
        """Whether the node runs per item."""
        return self._node.for_each is not None

    def tails(self) -> tuple[str, ...]:
        """Names of the last steps, for those that come after the node."""
        return tuple(name for one in self.iterations for name in ((one.step,) if one.step else _tails(one.part)))

    def begin(self) -> None:
        """Render the items, start the first turns."""
        try:
            self._items = items_of(self._node, self._scope)
        except TemplateProblemError as error:
            self._done(failed(str(error)))
            return
        self._total = 1 if self._items is None else len(self._items)
        self._fill()

    def time_over(self, reason: str) -> None:
        """Start nothing more; what runs may come to its end, which its own time limit sees to."""
        self.over = reason
        for one in self.iterations:
            if one.rests:
                one.rests = False
                self._agenda.later(partial(self._ended, one, timed_out(reason)))
            elif one.outcome is None and one.part is not None:
                one.part.time_over(reason)

    def step_ended(self, step: Step, outcome: Outcome) -> None:
        """One turn of an agent came to its end."""
        self._turn_ended(self._by_step.pop(step.name), outcome)

    def step_dropped(self, step: Step) -> None:
        """One turn of an agent never started."""
        one = self._by_step.pop(step.name)
        one.step = None
        self._ended(one, timed_out(self.over or ""))

    def _fill(self) -> None:
        while self._more() and self._open < self._width:
            self._open += 1
            self._begin_iteration(len(self.iterations))
        if self._open == 0 and not self._more():
            self._done(self._outcome())

    def _more(self) -> bool:
        stopped = self.over is not None or (self._hurt and self._node.on_error != "continue")
        return not stopped and len(self.iterations) < self._total

    def _begin_iteration(self, index: int) -> None:
        name = f"{self._place.name}{self._node.id}" + (f"[{index}]" if self.fan_out else "")
        scope = self._scope if self._items is None else {**self._scope, "item": self._items[index]}
        one = Iteration(index, name, scope)
        self.iterations.append(one)
        try:
            one.inputs = self._inputs.of(scope)
        except TemplateProblemError as error:
            self._agenda.later(partial(self._ended, one, failed(str(error))))
            return
        self._turn(one)

    def _turn(self, one: Iteration) -> None:
        one.rests = False
        name = one.name if one.turn == 1 else f"{one.name}#{one.turn}"
        after = self._after if one.turn == 1 else ((one.step,) if one.step else _tails(one.part))
        key = self._key(one)
        place = self._place
        if self._node.agent is None:
            inner = Place(f"{name}.", f"{place.path}{self._node.id}.", f"{key}/", place.bounds, place.last)
            one.part = self._open_part(inner, one.inputs, after, partial(self._turn_ended, one))
            return
        path = f"{place.path}{self._node.id}"
        step = Step(name, path, key, self._node, one.inputs, after, place.bounds, place.last)
        one.step = name
        self._by_step[name] = one
        self._agenda.start(step, self)

    def _key(self, one: Iteration) -> str:
        return f"{self._place.key}{self._node.id}/{one.index}/{one.turn}"

    def _turn_ended(self, one: Iteration, outcome: Outcome) -> None:
        repeat = self._node.repeat
        if outcome.status.failed and self._again(one):
            return
        if repeat is None or not outcome.status.ok:
            self._ended(one, outcome)
            return
        try:
            enough = holds(repeat.until, {**one.scope, self._node.id: outcome.view()})
        except TemplateProblemError as error:
            self._ended(one, failed(str(error)))
            return
        if enough:
            self._ended(one, outcome)
        elif one.turn == repeat.max:
            turns = "1 turn" if repeat.max == 1 else f"{repeat.max} turns"
            self._ended(one, failed(f"`until` was still false after {turns}"))
        elif self.over is not None:
            self._ended(one, timed_out(self.over))
        else:
            one.turn += 1
            one.attempt = 0
            if repeat.delay is None:
                self._agenda.later(partial(self._next_turn, one))
            else:
                self._agenda.alarm(repeat.delay, partial(self._next_turn, one), "the next turn", before=self._key(one))
            one.rests = True

    def _again(self, one: Iteration) -> bool:
        """Retry a sub-workflow: the nodes of it that completed come from their results. Prefect retries agents."""
        waits = self._node.retries.waits()
        if self._node.agent is not None or self.over is not None or one.attempt == len(waits):
            return False
        one.rests = True
        one.attempt += 1
        self._agenda.alarm(waits[one.attempt - 1], partial(self._next_turn, one), "a retry", before=self._key(one))
        return True

    def _next_turn(self, one: Iteration) -> None:
        if one.rests:  # else its time was over meanwhile
            self._turn(one)

    def _ended(self, one: Iteration, outcome: Outcome) -> None:
        one.outcome = outcome
        self._open -= 1
        self._hurt = self._hurt or not outcome.status.ok
        self._fill()

    def _outcome(self) -> Outcome:
        if self._items is None:
            (one,) = self.iterations
            assert one.outcome is not None  # noqa: S101 - it ended, or nobody would ask
            return one.outcome
        ended = [(one.index, one.outcome) for one in self.iterations if one.outcome is not None]
        outputs = [outcome.output for _, outcome in ended if outcome.status.ok]
        bad = [(index, outcome) for index, outcome in ended if not outcome.status.ok]
        if len(outputs) == self._total:
            return Outcome(NodeStatus.COMPLETED, output=outputs)
        reasons = "; ".join(f"item {index}: {outcome.error}" for index, outcome in bad[:MAX_TOLD])
        if len(bad) > MAX_TOLD:
            reasons += f"; and {len(bad) - MAX_TOLD} more"
        return Outcome(
            status=bad[0][1].status if bad else NodeStatus.TIMED_OUT,
            output=outputs if self._node.on_error == "continue" else None,
            error=reasons or self.over,
        )


def _tails(part: Part | None) -> tuple[str, ...]:
    return () if part is None else part.tails()
