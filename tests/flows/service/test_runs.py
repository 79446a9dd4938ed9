"""Runs as people see them."""

from __future__ import annotations

from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun

from flows.service.runs import _handle


def test_credentials_in_a_repository_url_are_not_shown() -> None:
    run = FlowRun(
        id=uuid4(),
        flow_id=uuid4(),
        parameters={"workflow": "health-check", "repository": "https://user:tok3n@example.org/x.git"},
    )
    assert _handle(run).repository == "https://example.org/x.git"


@pytest.mark.parametrize(
    ("name", "denied", "expired"),
    [("Rejected", True, False), ("Expired", False, True), ("Failed", False, False), (None, False, False)],
)
def test_a_run_that_people_ended_is_told_from_one_that_failed(name: str | None, denied: bool, expired: bool) -> None:
    handle = _handle(FlowRun(id=uuid4(), flow_id=uuid4(), state_name=name))
    assert (handle.denied, handle.expired) == (denied, expired)
