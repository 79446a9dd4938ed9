"""What a node alone is given: checked against the report schemas, everything that is wrong at once, and sketched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from agents.catalog import catalog
from flows.definition.definition import Definition
from flows.definition.library import Folder
from flows.definition.loader import load
from flows.definition.status import NodeStatus
from flows.errors import InvalidInputError
from flows.service.examples import example
from flows.service.fixtures import Fixture, read
from flows.service.sketches import sketch
from flows.settings import ROOT
from tests.flows.definition.conftest import DATA, MANIFESTS

PLANS = ROOT / "tests" / "data" / "plans"
SHIPPED = ROOT / "deployments" / "workflows"
FILES = sorted([*SHIPPED.glob("*.yaml"), *PLANS.glob("*.yaml"), *(DATA / "good").glob("*.yaml")])

WORKFLOW = """\
name: w
params: {limit: {type: integer}, word: {type: string, default: hello}}
nodes:
  - {id: scan, agent: scanner}
  - {id: each, agent: scanner, for_each: [a, b], on_error: continue, inputs: {scope: "{{ item }}"}}
  - {id: sub, workflow: triage}
  - {id: first, agent: scanner}
  - id: tell
    agent: teller
    inputs:
      message: "{{ scan.output.summary.critical }} {{ each.output | length }} {{ sub.output.summary.total }}"
      data: {word: "{{ params.word }}"}
  - {id: other, agent: scanner, inputs: {limit: "{{ params.limit }}"}}
edges: [{from: first, to: tell}]
"""


def definition_of(file: Path) -> Definition:
    manifests = catalog() if file.parent == SHIPPED else MANIFESTS
    library = DATA / "library" if file.parent.name == "good" else file.parent
    return load(file.read_text(encoding="utf-8"), file.name, manifests, Folder(library))


@pytest.fixture
def definition() -> Definition:
    return load(WORKFLOW, "w.yaml", MANIFESTS, Folder(PLANS))


def given(definition: Definition, data: JsonValue, node: str = "tell") -> Fixture:
    return read(json.dumps(data), definition, definition.workflow.node(node), MANIFESTS)


def wrong(definition: Definition, data: JsonValue, node: str = "tell") -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        given(definition, data, node)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


GOOD: dict[str, JsonValue] = {
    "scan": {"output": {"summary": {"critical": 3}}},
    "each": {"output": [{"count": 1}]},
    "sub": {"output": {"nodes": {"scan": {"findings": [{"rule": "a/b", "severity": "error", "message": "m"}]}}}},
}


def test_a_report_is_filled_in_with_what_its_schema_has_for_it(definition: Definition) -> None:
    found = given(definition, GOOD)
    scan = found.outcomes["scan"]
    assert scan.status is NodeStatus.COMPLETED
    assert isinstance(scan.output, dict)
    assert scan.output["summary"] == {"critical": 3, "error": 0, "warning": 0, "info": 0, "total": 0}
    assert scan.output["name"] == "scan"
    assert found.params == {"word": "hello"}
    assert found.outcomes["first"].status is NodeStatus.COMPLETED


def test_a_sub_workflow_counts_what_its_nodes_found(definition: Definition) -> None:
    output = given(definition, GOOD).outcomes["sub"].output
    assert isinstance(output, dict)
    assert output["summary"] == {"critical": 0, "error": 1, "warning": 0, "info": 0, "total": 1}
    told = given(definition, {**GOOD, "sub": {"output": {"summary": {"total": 9}}}}).outcomes["sub"].output
    assert isinstance(told, dict)
    assert told["summary"] == {"critical": 0, "error": 0, "warning": 0, "info": 0, "total": 9}


def test_everything_that_is_wrong_is_told_at_once(definition: Definition) -> None:
    bad: dict[str, JsonValue] = {
        "scam": {},
        "scan": {"output": {"summary": {"critical": "many"}, "colour": "red"}},
        "each": {"output": {}},
        "sub": {"output": {"nodes": {"scam": {}}}},
        "params": {"wrod": "x"},
        "item": 1,
    }
    assert wrong(definition, bad) == [
        "there is no node 'scam' before it. Did you mean 'scan'?",
        "each: output: must be a list, a report per item",
        "scan: output.summary.critical: Input should be a valid integer, unable to parse string as an integer",
        "scan: output.colour: Extra inputs are not permitted",
        "sub: output.nodes: there is no node 'scam'. Did you mean 'scan'?",
        "params: 'w' has no param 'wrod'. Did you mean 'word'?",
        "item: 'tell' has no `for_each`",
    ]


def test_what_is_read_must_be_there_and_the_next_step_is_told(definition: Definition) -> None:
    assert wrong(definition, {name: one for name, one in GOOD.items() if name != "scan"}) == [
        "scan: 'tell' reads it, and the fixture has none; `--print-fixture` writes one"
    ]
    assert wrong(definition, {}, "other") == ["params: 'w' needs the param 'limit' (integer): --param limit=…"]


def test_a_node_that_did_not_complete_has_no_output(definition: Definition) -> None:
    failed = given(definition, {**GOOD, "scan": {"status": "failed", "error": "no"}}).outcomes["scan"]
    assert (failed.status, failed.error, failed.output) == (NodeStatus.FAILED, "no", None)
    assert wrong(definition, {**GOOD, "scan": {"status": "skipped", "output": {}}}) == [
        "scan: a node that ended as skipped has no output"
    ]
    # A fan-out that continues has the reports of the items that completed.
    partly = given(definition, {**GOOD, "each": {"status": "failed", "output": [{}]}}).outcomes["each"]
    assert (partly.status, isinstance(partly.output, list)) == (NodeStatus.FAILED, True)
    (problem,) = wrong(definition, {**GOOD, "scan": {"status": "fine"}})
    assert problem.startswith("scan: status: Input should be 'completed', 'failed'")


@pytest.mark.parametrize("text", ["{", "[]", "NaN", '{"scan": NaN}', "[" * 100_000])
def test_what_is_no_json_object_is_refused(definition: Definition, text: str) -> None:
    with pytest.raises(InvalidInputError, match="the fixture is"):
        read(text, definition, definition.workflow.node("tell"), MANIFESTS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_sketch_of_every_node_fits(file: Path) -> None:
    definition = definition_of(file)
    manifests = catalog() if file.parent == SHIPPED else MANIFESTS
    for node in definition.workflow.all_nodes:
        sketched = sketch(definition, node, manifests)
        found = read(json.dumps(sketched), definition, node, manifests)
        assert definition.graph.dependencies[node.id] <= found.outcomes.keys() - {"params"}


def test_a_sketch_holds_what_the_node_reads_and_no_more(definition: Definition) -> None:
    found = sketch(definition, definition.workflow.node("tell"), MANIFESTS)
    assert found["scan"] == {"status": "completed", "output": {"summary": {"critical": 0}}}
    assert found["sub"] == {"status": "completed", "output": {"summary": {"total": 0}}}
    assert found["params"] == {"word": "hello"}


@pytest.mark.parametrize("name", sorted(catalog()))
def test_an_example_of_a_whole_report_fits_its_schema(name: str) -> None:
    model = catalog()[name].report
    whole = example(model.model_json_schema(mode="serialization"), {()})
    assert isinstance(whole, dict)
    assert whole.keys() == model.model_fields.keys()
    assert model.model_validate_json(json.dumps(whole)).findings
