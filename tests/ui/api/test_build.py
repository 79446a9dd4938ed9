"""What is so everywhere in the API: who may ask, how errors look, that nothing leads out of it."""

from __future__ import annotations

import re

import httpx
import pytest

from flows.service.accounts import Role
from flows.settings import Settings
from tests.ui.api.conftest import As
from ui.api.build import api
from ui.api.description import operations

GATE = "0b7c2a52-5a3b-4a4e-9f57-3b1e2f0c9a7e"
OPEN = {"/events/{source}"}
"""What needs no sign-in: it is signed."""


def detail(response: httpx.Response, status: int) -> str:
    """What a problem document of that status says."""
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json"), response.text
    document = response.json()
    assert document["status"] == status
    assert document["request_id"] == response.headers["x-request-id"]
    return str(document.get("detail", ""))


def test_nothing_is_answered_to_nobody(clients: As, settings: Settings) -> None:
    client = clients(None)
    for operation in operations(api(settings)):
        if operation.path not in OPEN:
            path = re.sub(r"\{\w+\}", GATE, operation.path)
            assert detail(client.request(operation.method, f"/api{path}", json={}), 401), operation.path
    for path in ("docs", "openapi.json"):
        assert client.get(f"/api/{path}").status_code == 401


def test_every_operation_names_the_scope_that_it_needs(settings: Settings) -> None:
    assert [*operations(api(settings))]
    assert {one.path for one in operations(api(settings)) if one.open} == OPEN
    assert {one.path for one in operations(api(settings)) if not one.scope} == OPEN | {"/session"}


def test_a_role_that_may_not_is_refused_and_told_what_it_takes(clients: As) -> None:
    said = {"choice": "approve", "digest": "0" * 64}
    response = clients("vera", Role.VIEWER).post(f"/api/approvals/{GATE}/decisions", json=said)
    assert detail(response, 403) == "vera has the role viewer, and this takes at least approver: ask an admin"


def test_what_is_not_there_says_where_to_look(clients: As) -> None:
    client = clients()
    assert "/api/docs" in detail(client.get("/api/nothing"), 404)
    assert detail(client.delete("/api/approvals"), 405) == ""


@pytest.mark.parametrize(
    "there", ["..%2f..%2fetc%2fpasswd", "%2e%2e", "....//", "%2e%2e%2f%2e%2e", "x%00y", "..\\x", "%2e%2e%5c"]
)
@pytest.mark.parametrize(
    "path", ["approvals/{}", "approvals?run={}", "runs/{}/report", "workflows/{}", "workflows/{}/versions"]
)
def test_no_id_leads_anywhere_else(clients: As, path: str, there: str) -> None:
    client = clients()
    answers = [client.get(f"/api/{path.format(there)}"), client.post(f"/api/{path.format(there)}", json={})]
    assert [response.status_code for response in answers if response.status_code // 100 != 4] == []


def test_what_cannot_be_read_is_said_without_repeating_it(clients: As) -> None:
    client = clients()
    broken = client.post(
        f"/api/approvals/{GATE}/decisions", content=b'{"choice"', headers={"Content-Type": "application/json"}
    )
    assert detail(broken, 400)
    wrong = client.post(f"/api/approvals/{GATE}/decisions", json={"choice": "hunter2", "digest": "hunter2", "nte": "x"})
    assert "body.choice" in detail(wrong, 422)
    assert {one["at"] for one in wrong.json()["errors"]} == {"body.choice", "body.digest", "body.nte"}
    assert "hunter2" not in wrong.text
    assert "limit" in detail(client.get("/api/approvals?limit=101"), 422)


def test_the_description_shows_itself_without_a_script_or_another_host(clients: As) -> None:
    client = clients("vera", Role.VIEWER)
    page = client.get("/api/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "POST /api/approvals/{gate}/decisions" in page.text
    assert not re.search(r"<script|https?://|src=", page.text)
    document = client.get("/api/openapi.json").json()
    assert document["servers"] == [{"url": "/api"}]
    assert document["paths"]["/approvals/{gate}/decisions"]["post"]["x-scope"] == "approvals:decide"
    said = document["paths"]["/approvals/{gate}"]["get"]["responses"]["404"]["content"]
    assert [*said] == ["application/problem+json"]
