"""The SBOM fits the schema of CycloneDX, whatever a repository calls its dependencies."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files

import pytest
from jsonschema import Draft7Validator
from pydantic import JsonValue
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from agents.compliance_checker.schema import Dependency, Status
from flows.definition.status import NodeStatus
from flows.reports import cyclonedx
from flows.reports.schema import NodeReport, RunReport
from tests.rendered import rendering


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    """The schema of the specification, as the package cyclonedx-python-lib carries it."""
    folder = files("cyclonedx.schema").joinpath("_res")
    schemas = {
        name: json.loads(folder.joinpath(f"{name.removesuffix('.schema.json')}.SNAPSHOT.schema.json").read_text("utf-8"))
        for name in ("bom-1.6.schema.json", "spdx.schema.json", "jsf-0.82.schema.json")
    }
    known = [(schema["$id"], Resource(schema, DRAFT7)) for schema in schemas.values()]
    return Draft7Validator(schemas["bom-1.6.schema.json"], registry=Registry().with_resources(known))


def bom(make_run: Callable[..., RunReport], *found: Dependency) -> dict[str, JsonValue]:
    own = {"dependencies": [dependency.model_dump(mode="json") for dependency in found]}
    node = NodeReport(
        node="licences", agent="compliance-checker", version="1", status=NodeStatus.COMPLETED, report=dict(own)
    )
    made: dict[str, JsonValue] = json.loads(rendering(cyclonedx.render, make_run(nodes=(node,))))
    return made


def dependency(name: str, **fields: object) -> Dependency:
    known = {"version": "1.0", "ecosystem": "python", "license": "MIT", "source": "METADATA", "status": Status.ALLOWED,
             "file": "requirements.txt", "line": 1}  # fmt: skip
    return Dependency.model_validate({"name": name, **known, **fields})


def test_it_fits_the_schema(make_run: Callable[..., RunReport], validator: Draft7Validator) -> None:
    made = bom(
        make_run,
        dependency("Flask_Login"),
        dependency("@scope/pkg", ecosystem="npm", license="(MIT OR Apache-2.0)", version="^2 || ~3"),
        dependency("no-licence", license=None, version=None, status=Status.UNRESOLVED, source=None),
        dependency("odd", license="See LICENCE.txt (c) 2020"),
        dependency("<script>\u202e", license="\u202e"),
    )
    assert list(validator.iter_errors(made)) == []
    assert [component["purl"] for component in made["components"]][:3] == [
        "pkg:pypi/flask-login@1.0", "pkg:npm/%40scope/pkg@%5E2%20%7C%7C%20~3", "pkg:pypi/no-licence",
    ]  # fmt: skip


def test_a_schema_that_is_broken_would_show(make_run: Callable[..., RunReport], validator: Draft7Validator) -> None:
    made = bom(make_run, dependency("a"))
    made["components"] = [{"type": "nonsense", "name": "a"}]
    assert list(validator.iter_errors(made)) != []


def test_licences_are_expressions_where_they_are_and_names_where_not(make_run: Callable[..., RunReport]) -> None:
    made = bom(make_run, dependency("a", license="MIT OR GPL-2.0-only"), dependency("b", license="My own licence"))
    licences = [component["licenses"] for component in made["components"]]
    assert licences == [[{"expression": "MIT OR GPL-2.0-only"}], [{"license": {"name": "My own licence"}}]]


def test_what_is_declared_twice_is_one_component_with_two_places(make_run: Callable[..., RunReport]) -> None:
    made = bom(make_run, dependency("a"), dependency("A", file="setup.cfg", line=4))
    (component,) = made["components"]
    assert [p["value"] for p in component["properties"] if p["name"] == "dockyard:declared"] == [
        "requirements.txt:1", "setup.cfg:4",
    ]  # fmt: skip


def test_a_run_without_dependencies_is_a_bom_too(small: RunReport, validator: Draft7Validator) -> None:
    made = json.loads(rendering(cyclonedx.render, small))
    assert list(validator.iter_errors(made)) == []
    assert made["components"] == []
