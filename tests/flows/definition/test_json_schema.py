"""The schema that editors complete from accepts what lint accepts, as far as one value at a time can tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agents.catalog import catalog
from flows.definition import places
from flows.definition.json_schema import workflow_schema
from flows.settings import ROOT
from tests.flows.definition.conftest import DATA, MANIFESTS

SCHEMA = workflow_schema(MANIFESTS)
VALIDATOR = Draft202012Validator(SCHEMA)
SHIPPED = Draft202012Validator(workflow_schema(catalog()))

BEYOND = {"DY002-finally-for-failures"}
"""What only the language's own check knows."""


def data(file: Path) -> Any:
    """A file as plain data."""
    return places.read(file.read_text(encoding="utf-8"), file.name).data


def errors(text: str) -> list[str]:
    """What the schema has against a text."""
    return [error.json_path for error in VALIDATOR.iter_errors(places.read(text, "f").data)]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize("file", sorted((DATA / "good").glob("*.yaml")), ids=lambda file: file.stem)
def test_good_files_are_valid(file: Path) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(data(file))] == []


@pytest.mark.parametrize("file", sorted((ROOT / "deployments" / "workflows").glob("*.yaml")), ids=lambda file: file.stem)
def test_shipped_workflows_are_valid(file: Path) -> None:
    assert [error.message for error in SHIPPED.iter_errors(data(file))] == []


@pytest.mark.parametrize("file", sorted((DATA / "bad").glob("DY002-*.yaml")), ids=lambda file: file.stem)
def test_files_of_the_wrong_form_are_not(file: Path) -> None:
    assert VALIDATOR.is_valid(data(file)) is (file.stem in BEYOND)


@pytest.mark.parametrize("code", ["DY004", "DY005"])
def test_agents_and_their_params_are_known(code: str) -> None:
    for file in (DATA / "bad").glob(f"{code}-*.yaml"):
        assert not VALIDATOR.is_valid(data(file)), file.name


NODE = "name: x\nnodes: [{id: a, agent: scanner, inputs: {%s}}]"


@pytest.mark.parametrize(
    ("inputs", "fine"),
    [
        ("limit: 3", True),
        ("limit: '{{ params.x }}'", True),
        ("limit: three", False),
        ("exclude: [a, b]", True),
        ("exclude: '{{ a.output.items }}'", True),
        ("exclude: [1]", False),
        ("exclude: a", False),
        ("exlude: [a]", False),
    ],
)
def test_a_template_may_stand_for_any_value(inputs: str, fine: bool) -> None:
    assert (errors(NODE % inputs) == []) is fine


@pytest.mark.parametrize(
    ("node", "fine"),
    [
        ("agent: teller, inputs: {message: hi, channel: console}", True),
        ("agent: teller, inputs: {message: hi, channel: '{{ params.x }}'}", True),
        ("agent: teller, inputs: {message: hi, channel: pigeon}", False),
        ("agent: teller", False),
        ("agent: teller, inputs: {}", False),
        ("agent: nobody", False),
        ("workflow: nightly, inputs: {anything: 1}", True),
        ("workflow: nightly, agent: scanner", False),
        ("when: '{{ true }}'", False),
        ("agent: scanner, for_each: [1]", True),
        ("agent: scanner, for_each: '{{ params.x }}'", True),
        ("agent: scanner, for_each: {items: [1], concurrency: 2}", True),
        ("agent: scanner, for_each: 5", False),
        ("agent: scanner, timeout: 10m", True),
        ("agent: scanner, timeout: 600", True),
        ("agent: scanner, timeout: soon", False),
        ("agent: scanner, timeout: -1", False),
        ("agent: scanner, limits: {memory: 2GiB}", True),
        ("agent: scanner, limits: {memory: 2 bags}", False),
        ("agent: scanner, repeat: {until: '{{ a.output.count }}'}", False),
    ],
)
def test_keys_of_a_node(node: str, fine: bool) -> None:
    assert (errors(f"name: x\nnodes: [{{id: a, {node}}}]") == []) is fine


@pytest.mark.parametrize(
    ("schedule", "fine"),
    [
        ("{cron: '0 3 * * *'}", True),
        ("[{cron: '0 3 * * *'}, {interval: 1d}]", True),
        ("{cron: '0 3 * * *', interval: 1d}", False),
        ("[{timezone: UTC}]", False),
        ("'0 3 * * *'", False),
    ],
)
def test_one_schedule_or_several(schedule: str, fine: bool) -> None:
    assert (errors(f"name: x\nnodes: [{{id: a, agent: scanner}}]\nschedule: {schedule}") == []) is fine


def models(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The schema and its definitions that describe the language, not an agent's params."""
    return [schema, *(part for name, part in schema["$defs"].items() if "." not in name and part)]


def test_every_key_says_what_it_means() -> None:
    silent = [
        f"{model['title']}.{key}"
        for model in models(SCHEMA)
        for key, part in model.get("properties", {}).items()
        if not part.get("description")
    ]
    assert silent == []
    assert all(model.get("description") for model in models(SCHEMA))
