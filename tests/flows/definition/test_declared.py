"""Agents declared in JSON: their schemas are held as they stand, and workflows are checked against them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from agents.catalog import catalog
from agents.contract.manifest import Manifest, Risk
from agents.contract.schema import Report
from flows.definition.declared import MAX_MANIFEST, manifest_of, read_declared
from flows.definition.loader import load
from flows.definition.problems import DefinitionError
from flows.errors import InvalidInputError

COUNTER: dict[str, Any] = {
    "name": "counter",
    "version": "1.0",
    "description": "Counts.",
    "params": {
        "type": "object",
        "properties": {
            "suffix": {"type": "string", "pattern": "^[a-z.]+$"},
            "most": {"type": "integer", "minimum": 1, "default": 10},
            "modes": {"type": "array", "items": {"$ref": "#/$defs/mode"}},
        },
        "required": ["suffix"],
        "$defs": {"mode": {"enum": ["fast", "deep"]}},
    },
    "report": {
        "type": "object",
        "properties": {
            "count": {"type": "integer"},
            "files": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
        },
        "required": ["count"],
    },
}


NESTED: dict[str, Any] = {}
for _ in range(100):
    NESTED = {"not": NESTED}
DOUBLING = {"d0": {"type": "string"}} | {
    f"d{n}": {"properties": {"a": {"$ref": f"#/$defs/d{n - 1}"}, "b": {"$ref": f"#/$defs/d{n - 1}"}}} for n in range(1, 21)
}


def declared(**changes: object) -> Manifest:
    return manifest_of(read_declared(json.dumps(COUNTER | changes)), "sha256:1")


def problems(inputs: str, message: str) -> list[str]:
    text = f"name: w\nnodes:\n  - {{id: a, agent: counter, inputs: {inputs}}}\n"
    text += f"  - {{id: b, agent: notifier, inputs: {{message: '{message}'}}}}\n"
    try:
        load(text, manifests={**catalog(), "counter": declared()})
    except DefinitionError as error:
        return [problem.message for problem in error.problems]
    return []


def test_it_is_known_as_one_of_ours_is() -> None:
    found = declared(risk="APPROVAL_REQUIRED", limits={"memory_mb": 64})
    assert (found.name, found.risk, found.limits.memory_mb, found.foreign) == ("counter", Risk.APPROVAL_REQUIRED, 64, True)
    assert found.params.model_validate({"suffix": ".py"}).model_dump() == {"suffix": ".py", "most": 10, "modes": None}
    assert declared() is declared()


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({}, "suffix"),
        ({"suffix": "UP"}, "does not match"),
        ({"suffix": ".py", "most": 0}, "less than the minimum"),
        ({"suffix": ".py", "most": "3"}, "is not of type 'integer'"),
        ({"suffix": ".py", "modes": ["fast", "slow"]}, "1: 'slow' is not one of"),
        ({"suffix": ".py", "other": 1}, "other"),
    ],
)
def test_params_that_do_not_fit_the_schema_are_refused(params: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        declared().params.model_validate(params)


def test_a_report_has_the_fields_of_all_reports_and_its_own() -> None:
    model = declared().report
    assert issubclass(model, Report)
    finding = {"rule": "files/empty", "severity": "info", "message": "Empty."}
    report = model.model_validate({"count": 2, "findings": [finding]})
    assert (report.model_dump()["count"], report.findings[0].rule) == (2, "files/empty")
    for wrong in ({}, {"count": "2"}, {"count": 1, "more": 1}, {"count": 1, "findings": [{**finding, "severity": "bad"}]}):
        with pytest.raises(ValidationError):
            model.model_validate(wrong)


@pytest.mark.parametrize(
    ("inputs", "message", "expected"),
    [
        ("{suffix: .py, most: 3, modes: [fast]}", "{{ a.output.count + 1 }} in all", []),
        ("{suffix: .py}", "{{ a.output.files[0].name }}", []),
        ("{suffix: '{{ params.repository }}'}", "ok", []),
        ("{suffix: UP}", "ok", ["'suffix' of 'counter'"]),
        ("{}", "ok", ["'counter' needs the input 'suffix'."]),
        ("{suffix: .py, sufix: x}", "ok", ["'counter' has no param 'sufix'."]),
        ("{suffix: .py}", "{{ a.output.total }}", ["total"]),
        ("{suffix: .py}", "{{ a.output.count.x }}", ["x"]),
    ],
)
def test_workflows_are_checked_against_it(inputs: str, message: str, expected: list[str]) -> None:
    found = problems(inputs, message)
    assert len(found) == len(expected)
    assert all(part in said for part, said in zip(expected, found, strict=True))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "Counter"}, "name"),
        ({"name": "a/../b"}, "name"),
        ({"version": "1 0"}, "version"),
        ({"description": "a\u202eb"}, "U\\+202E"),
        ({"risk": "NONE"}, "risk"),
        ({"more": 1}, "more"),
        ({"params": {"type": "array"}}, "describes an object"),
        ({"params": {"type": "objekt"}}, "no JSON Schema"),
        ({"params": {"oneOf": []}}, "no JSON Schema|without oneOf"),
        ({"params": {"properties": {}, "if": {}}}, "without if"),
        ({"params": {"properties": {"a b": {}}}}, "name of a field"),
        ({"params": {"properties": {"model_dump": {}}}}, "name of a field"),
        ({"params": {"properties": {"_x": {}}}}, "name of a field"),
        ({"params": {"properties": {"x": {"$ref": "https://example.org/x.json"}}}}, "nowhere else"),
        ({"params": {"properties": {"x": {"$ref": "#/$defs/y"}}}}, "there is no"),
        ({"report": {"properties": {"x": {"$ref": "#/$defs/y"}}, "$defs": {"y": {"not": {"$ref": "#/$defs/y"}}}}}, "itself"),
        ({"secrets": ["a b"]}, "secrets"),
        ({"params": {"properties": {"x": {"$dynamicRef": "http://127.0.0.1/x.json"}}}}, "dynamicRef"),
        ({"params": {"properties": {"x": {"items": {"$id": "http://127.0.0.1/", "$anchor": "a"}}}}}, "anchor"),
        ({"params": {"properties": {"x": {"patternProperties": {"^(a+)+$": {}}}}}}, "patternProperties"),
        ({"params": {"properties": {"x": {"pattern": "(?=a)b"}}}}, "look-around"),
        ({"params": {"properties": {"x": NESTED}}}, "deeper than"),
        ({"report": {"properties": {"x": {"$ref": "#/$defs/d20"}}, "$defs": DOUBLING}}, "more than 10000 parts"),
        ({"limits": {"memory_mb": 0}}, "memory_mb"),
        ({"limits": {"pids": -1}}, "pids"),
        ({"limits": {"cpus": 0}}, "cpus"),
        ({"limits": {"timeout_seconds": 1e12}}, "timeout_seconds"),
    ],
)  # fmt: skip
def test_a_manifest_that_cannot_be_is_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        read_declared(json.dumps(COUNTER | changes))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"name": "x"}', " " * (MAX_MANIFEST + 1)])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="manifest"):
        read_declared(text)


def test_a_pattern_takes_time_that_grows_with_the_text_alone() -> None:
    hard = {"properties": {"x": {"type": "string", "pattern": "^(a+)+$"}}}
    model = declared(params=hard).params
    assert model.model_validate({"x": "a" * 5000})
    with pytest.raises(ValidationError, match="does not match"):  # other engines would be at it for years
        model.model_validate({"x": "a" * 5000 + "b"})


def test_items_that_shall_differ_do() -> None:
    model = declared(params={"properties": {"x": {"type": "array", "uniqueItems": True}}}).params
    assert model.model_validate({"x": [1, {"a": 1}, {"a": 2}]})
    with pytest.raises(ValidationError, match="in it twice"):
        model.model_validate({"x": [{"a": 1, "b": 2}, {"b": 2, "a": 1}]})
