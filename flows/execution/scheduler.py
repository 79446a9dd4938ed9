"""A whole run as a state machine: ends and alarms go in, steps and alarms come out. Pure: no clock, no I/O, no Prefect.

Every node that could start has started after each call, as far as slots and its fan-out's `concurrency` allow. Work is
linear in nodes, edges, items and turns: nothing is looked at again before what it waits for has ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from flows.definition.loader import Definition
from flows.execution.agenda import Agenda, Alarm, Ended, Orders, Step
from flows.execution.outcome import Outcome
from flows.execution.plan import Plan, shown
from flows.execution.scope import Row, WorkflowScope
from flows.execution.turns import Place

__all__ = ["Alarm", "Ended", "Orders", "Outcome", "Row", "Scheduler", "Step"]


class Scheduler:
    """Decides what a run does next."""

    def __init__(
        self,
        definition: Definition,
        *,
        params: Mapping[str, JsonValue],
        built_in: Mapping[str, JsonValue],
        run: Mapping[str, JsonValue],
        slots: int,
        worked: float = 0.0,
    ) -> None:
        """`params` are bound to the workflow's; `built_in` are `repository` and `ref`; at most `slots` steps at once.

        `worked`: seconds of the run's time that earlier entries of it have used.
        """
        self._worked = worked
        self._agenda = Agenda(slots)
        self._timeout = definition.workflow.timeout
        self._root = WorkflowScope(
            Plan.of(definition), Place(), params, self._agenda, built_in=built_in, run=run, done=self._finish
        )
        self.finished = False

    def begin(self) -> Orders:
        """The first steps. Called once, before anything else."""
        left = None if self._timeout is None else max(self._timeout - self._worked, 0.0)
        self._root.begin(left, f"the run's time of {shown(self._timeout)} was over")
        return self._agenda.settle()

    def step_ended(self, name: str, outcome: Outcome) -> Orders:
        """What follows from the end of a step that was started. Raises KeyError when none of that name runs."""
        self._agenda.step_ended(name, outcome)
        return self._agenda.settle()

    def step_parked(self, name: str) -> Orders:
        """What can start since a started step waits for people. Raises KeyError when none of that name runs."""
        self._agenda.step_parked(name)
        return self._agenda.settle()

    def rang(self, alarm: Alarm) -> Orders:
        """What follows when an alarm's seconds are over. Raises KeyError when it rang before."""
        self._agenda.rang(alarm)
        return self._agenda.settle()

    def outcomes(self) -> Mapping[str, Outcome]:
        """How the workflow's own nodes ended, by id; those that have."""
        return self._root.outcomes

    def reasons(self) -> list[tuple[str, str]]:
        """Names of the nodes that fail the run, with the reason; none for a run that completed. Only when finished."""
        return self._root.reasons()

    def rows(self) -> Iterator[Row]:
        """The lines of the run's report: nodes in the workflow's order, each before its items and parts."""
        return self._root.rows()

    def _finish(self) -> None:
        self.finished = True
