"""Runs as people see them."""

from __future__ import annotations

from uuid import uuid4

from prefect.client.schemas.objects import FlowRun

from flows.service.runs import _handle


def test_credentials_in_a_repository_url_are_not_shown() -> None:
    run = FlowRun(
        id=uuid4(),
        flow_id=uuid4(),
        parameters={"workflow": "health-check", "repository": "https://user:tok3n@example.org/x.git"},
    )
    assert _handle(run).repository == "https://example.org/x.git"
