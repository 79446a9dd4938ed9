"""Workflows over the API: what is kept, whose it is, what stays of it. No Prefect server answers here."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from flows.service.accounts import Role
from tests.ui.api.conftest import As
from tests.ui.api.test_build import detail

TEXT = "name: greet\ndescription: Says hello.\nparams: {who: {type: string}}\nnodes:\n"
TEXT += "  - {id: tell, agent: notifier, inputs: {message: 'hello {{ params.who }}'}}\n"


def keep(client: TestClient, text: str = TEXT) -> None:
    """Keep a workflow, which without a Prefect server is deployed later."""
    assert "'greet' is kept, and its schedules do not count yet" in detail(
        client.post("/api/workflows", json={"text": text}), 503
    )


def test_a_workflow_is_kept_with_its_author(clients: As) -> None:
    keep(clients("otto", Role.OPERATOR))
    shown = clients("vera", Role.VIEWER).get("/api/workflows/greet").json()
    assert shown["text"] == TEXT
    assert (shown["info"]["author"], shown["info"]["version"], shown["info"]["shipped"]) == ("otto", 1, False)
    assert (shown["info"]["description"], shown["params"]["who"]["type"], shown["problems"]) == ("Says hello.", "string", [])
    listed = {one["name"]: one["shipped"] for one in clients().get("/api/workflows").json()["items"]}
    assert listed["greet"] is False
    assert listed["health-check"] is True


def test_a_name_that_is_taken_is_refused(clients: As) -> None:
    client = clients("otto")
    keep(client)
    assert "is taken" in detail(client.post("/api/workflows", json={"text": TEXT}), 409)
    mine = TEXT.replace("greet", "health-check")
    assert "workflow of the hub itself" in detail(client.post("/api/workflows", json={"text": mine}), 409)
    assert "file of the hub" in detail(client.put("/api/workflows/health-check", json={"text": mine}), 409)
    assert "file of the hub" in detail(client.delete("/api/workflows/health-check"), 409)


def test_every_version_stays_with_who_wrote_it(clients: As) -> None:
    keep(clients("otto"))
    olga = clients("olga", Role.OPERATOR)
    path = "/api/workflows/greet"
    assert "has version 1 by now" in detail(olga.put(path, json={"text": TEXT, "version": 7}), 409)
    assert "names stay" in detail(olga.put(path, json={"text": TEXT.replace("greet", "other")}), 422)
    assert detail(olga.put(path, json={"text": TEXT + "# more\n", "version": 1}), 503)
    assert detail(olga.put(path, json={"text": TEXT + "# more\n"}), 503)  # the same once more is no new version
    assert "deleted" in detail(olga.delete(path), 503)
    assert detail(olga.get(path), 404)
    assert detail(olga.delete(path), 404)
    versions = [(one["version"], one["author"]) for one in olga.get(f"{path}/versions").json()["items"]]
    assert versions == [(3, "olga"), (2, "olga"), (1, "otto")]
    keep(olga)
    assert olga.get(path).json()["info"]["version"] == 4


def test_other_workspaces_know_nothing_of_it(clients: As) -> None:
    keep(clients("otto"))
    mine, other, start = (
        "/api/workflows/greet",
        clients("mallory", workspace="other"),
        {"workflow": "greet", "repository": "/"},
    )
    assert "greet" not in [one["name"] for one in other.get("/api/workflows").json()["items"]]
    for response in (
        other.get(mine),
        other.get(f"{mine}/versions"),
        other.put(mine, json={"text": TEXT}),
        other.delete(mine),
        other.post("/api/runs", json=start),
    ):
        assert "there is no workflow 'greet'" in detail(response, 404)


def test_a_text_is_checked_before_it_is_kept(clients: As) -> None:
    client, wrong = clients("otto"), TEXT.replace("notifier", "notifyer")
    assert detail(client.post("/api/workflows", json={"text": wrong}), 422)
    linted = client.post("/api/workflows/lint", json={"text": wrong}).json()
    (problem,) = linted["problems"]
    assert (problem["line"], problem["suggestion"]) == (5, "Did you mean 'notifier'?")
    assert detail(client.get("/api/workflows/greet"), 404)


def test_a_kept_workflow_runs_only_what_nobody_else_can_change(clients: As) -> None:
    client = clients("otto")
    keep(client)
    upper = "name: upper\nnodes:\n  - {id: sub, workflow: greet, inputs: {who: you}}\n"
    assert "there is no workflow 'greet'" in client.post("/api/workflows", json={"text": upper}).text


@pytest.mark.parametrize("act", ["post", "put", "delete"])
def test_a_viewer_changes_nothing(clients: As, act: str) -> None:
    client = clients("vera", Role.VIEWER)
    path = "/api/workflows" if act == "post" else "/api/workflows/greet"
    assert detail(client.request(act.upper(), path, json={"text": TEXT}), 403)


def test_a_schedule_names_no_folder_that_its_author_could_not(clients: As) -> None:
    timed = TEXT + "schedule: [{cron: '* * * * *', params: {repository: /etc, who: you}}]\n"
    client = clients("otto", Role.OPERATOR)
    assert "is not below a folder that runs may read" in detail(client.post("/api/workflows", json={"text": timed}), 422)
    assert detail(client.get("/api/workflows/greet"), 404)
