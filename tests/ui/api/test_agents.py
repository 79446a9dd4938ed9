"""Agents over the API: what each declares."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from agents.catalog import catalog
from flows.service.accounts import Role
from flows.settings import Settings
from tests.ui.api.conftest import As, served, somebody
from tests.ui.api.test_build import detail


def test_every_agent_is_listed_and_shows_what_it_declares(clients: As) -> None:
    client = clients("vera", Role.VIEWER)
    names = [one["name"] for one in client.get("/api/agents").json()["items"]]
    assert names == [*catalog()]
    for name in names:
        shown, manifest = client.get(f"/api/agents/{name}").json(), catalog()[name]
        assert (shown["version"], shown["risk"], shown["image"]) == (manifest.version, manifest.risk.value, manifest.image)
        assert shown["limits"] == manifest.limits.model_dump()
        assert shown["params"]["properties"].keys() == manifest.params.model_fields.keys()
        Draft202012Validator.check_schema(shown["params"])
        Draft202012Validator.check_schema(shown["report"])


def test_an_agent_that_is_not_there_brings_the_nearest_name(clients: As) -> None:
    assert "Did you mean 'patcher'?" in detail(clients().get("/api/agents/patche"), 404)


def test_only_an_admin_registers(clients: As) -> None:
    new = {"image": "ghcr.io/team/counter:1"}
    for role in (Role.VIEWER, Role.OPERATOR, Role.APPROVER):
        client = clients("vera", role)
        for response in (
            client.post("/api/agents", json=new),
            client.put("/api/agents/counter", json=new),
            client.delete("/api/agents/counter"),
        ):
            assert "takes at least admin" in detail(response, 403)


@pytest.mark.parametrize("image", ["../x", "Team/Counter", "x;rm -rf /", "https://ghcr.io/x"])
def test_what_names_no_image_is_refused(clients: As, image: str) -> None:
    assert "names no image" in detail(clients().post("/api/agents", json={"image": image}), 422)


def test_agents_of_the_hub_stay_as_they_are_and_others_are_not_there(clients: As) -> None:
    client, new = clients(), {"image": "ghcr.io/team/patcher:1"}
    for response in (client.put("/api/agents/patcher", json=new), client.delete("/api/agents/patcher")):
        assert "comes with the hub" in detail(response, 409)
    for response in (client.put("/api/agents/counter", json=new), client.delete("/api/agents/counter")):
        assert "there is no agent 'counter'" in detail(response, 404)


def test_without_an_engine_an_agent_is_registered_later(settings: Settings, server_is_elsewhere: None) -> None:
    away = settings.model_copy(update={"docker_host": "tcp://127.0.0.1:1"})
    with TestClient(served(away, somebody("alice", Role.ADMIN)), base_url="http://hub") as client:
        assert "no Docker engine answers" in detail(client.post("/api/agents", json={"image": "team/counter"}), 503)
