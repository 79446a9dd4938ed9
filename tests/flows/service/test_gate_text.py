"""What an approver reads about a gate."""

from __future__ import annotations

import pytest

from flows.approvals import Gate, single_user
from flows.people import Via
from flows.service.gate_text import facts
from tests.flows.approvals.asking import OPENED, request_of


@pytest.mark.parametrize(
    ("via", "told"),
    [
        (Via.CLI, ("rita",)),
        (Via.PREFECT, ("rita", "who made the deployment; who started it by prefect is not known")),
        (Via.SCHEDULE, ("rita", "who made the deployment; who started it by schedule is not known")),
        (None, ("rita",)),
    ],
)
def test_says_where_it_is_not_known_who_pressed_the_button(via: Via | None, told: tuple[str, ...]) -> None:
    request = request_of(single_user("zoe")).model_copy(update={"via": via})
    (fact,) = [each for each in facts(Gate(request=request, digest=request.digest), OPENED) if each.label == "Asked by"]
    assert tuple(fact.lines) == told
