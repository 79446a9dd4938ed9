"""Errors are problem documents."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from ui.hardening.problem import Problem, answer

SCOPE = {"type": "http", "state": {"request_id": "abc"}}


def test_a_problem_has_the_members_of_the_standard_and_the_requests_id() -> None:
    response = answer(Problem(status=409, detail="Decided already.", instance="/api/approvals/7"), SCOPE)
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert json.loads(bytes(response.body)) == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "Decided already.",
        "instance": "/api/approvals/7",
        "request_id": "abc",
    }


def test_extensions_stand_beside_and_never_replace_a_member() -> None:
    problem = Problem(status=422, detail="Two mistakes.", extensions={"errors": [1, 2], "status": 200, "request_id": "x"})
    document = problem.document("abc")
    assert (document["errors"], document["status"], document["request_id"]) == ([1, 2], 422, "abc")


def test_only_errors_are_problems() -> None:
    with pytest.raises(ValidationError):
        Problem(status=200)
