"""The API keeps to its description, whatever it is asked: requests of every operation, made from the description."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from pydantic import SecretStr
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from flows.service.accounts import Role
from flows.settings import EventSource, Settings
from tests.ui.api.conftest import served, somebody
from tests.ui.api.test_events import SECRET
from ui.api.build import api
from ui.api.description import operations

CHECKS: list[CheckFunction] = [
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]


OPERATIONS = [(one.path, one.method) for one in operations(api(Settings()))]


def ask(schema: Any, path: str, method: str, worst: int, examples: int) -> None:
    """Ask for an operation in ways that the description allows, and in others; no status may be above `worst`."""

    @bounds(max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=[*HealthCheck])
    @given(case=schema[path][method].as_strategy() | schema[path][method].as_strategy(GenerationMode.NEGATIVE))
    def holds(case: Any) -> None:
        response = case.call(timeout=120)  # what a busy machine takes is no failure
        assert response.status_code <= worst, response.text
        case.validate_response(response, checks=CHECKS)

    holds()


@pytest.fixture
def asked(tmp_path: Path, server_is_elsewhere: None) -> Any:
    """The description of an API on a real database, without a Prefect server, where an admin asks."""
    config = Settings(
        state_dir=tmp_path / "state", database_url=None, event_secrets={EventSource.GENERIC: SecretStr(SECRET)}
    )
    return schemathesis.openapi.from_asgi("/api/openapi.json", served(config, somebody("alice", Role.ADMIN)))


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_one_that_the_description_names(asked: Any, path: str, method: str) -> None:
    ask(asked, path, method, worst=503, examples=6)  # without a Prefect server: try again later
