"""Agents over the API: what each declares."""

from __future__ import annotations

from jsonschema import Draft202012Validator

from agents.catalog import catalog
from flows.service.accounts import Role
from tests.ui.api.conftest import As
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
