"""How far nodes are, from the states of their tasks."""

from __future__ import annotations

import pytest

from flows.reports.planned import Stage
from flows.service import RunState
from flows.service.moments import stages


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        ({"scan": RunState.RUNNING}, {"scan": Stage.RUNNING}),
        ({"scan[0]": RunState.COMPLETED, "scan[1]": RunState.RUNNING}, {"scan": Stage.RUNNING}),
        ({"scan[0]": RunState.COMPLETED, "scan[1]": RunState.FAILED}, {"scan": Stage.FAILED}),
        ({"part[3].scan#2": RunState.COMPLETED}, {"part.scan": Stage.COMPLETED}),
        ({"fix": RunState.COMPLETED, "fix (apply)": RunState.RUNNING}, {"fix": Stage.RUNNING}),
    ],
)
def test_a_nodes_turns_make_one_stage(tasks: dict[str, RunState], expected: dict[str, Stage]) -> None:
    assert stages(tasks) == expected


def test_a_turn_that_asks_people_comes_before_all_others() -> None:
    assert stages({"fix[0]": RunState.COMPLETED, "fix[1]": RunState.RUNNING}, ["fix[1]"]) == {"fix": Stage.ASKING}
