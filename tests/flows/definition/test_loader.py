"""Files are found and read; params are bound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agents.catalog import catalog
from flows.definition.library import Folder
from flows.definition.loader import bind, find, is_name, load, load_file, name_of, read_params
from flows.definition.problems import DefinitionError
from flows.definition.schema import Workflow
from flows.errors import InvalidInputError
from flows.settings import ROOT
from tests.flows.definition.conftest import DATA

if TYPE_CHECKING:
    from pydantic import JsonValue

SHIPPED = sorted((ROOT / "deployments" / "workflows").glob("*.yaml"))


@pytest.fixture
def workflow() -> Workflow:
    """One param of every type."""
    return Workflow.model_validate(
        {
            "name": "sample",
            "params": {
                "repository": {"type": "string"},
                "ref": {"default": "main"},
                "text": {"type": "string"},
                "whole": {"type": "integer", "default": 3},
                "number": {"type": "number", "default": 0.5},
                "flag": {"type": "boolean", "default": False},
                "many": {"type": "array", "default": ["a"]},
                "named": {"type": "object", "default": {"a": 1}},
                "color": {"enum": ["red", "green"], "default": "red"},
            },
            "nodes": [{"id": "a", "agent": "x"}],
        }
    )


DEFAULTS = {"whole": 3, "number": 0.5, "flag": False, "many": ["a"], "named": {"a": 1}, "color": "red"}


def test_defaults_fill_what_is_not_given(workflow: Workflow) -> None:
    assert bind(workflow, {"text": "t"}) == {"text": "t", **DEFAULTS}


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("text", "10", "10"),
        ("text", "true", "true"),
        ("text", '"quoted"', '"quoted"'),
        ("text", "", ""),
        ("whole", "5", 5),
        ("number", "5.5", 5.5),
        ("flag", "true", True),
        ("many", "[1, 2]", [1, 2]),
        ("named", '{"b": 1}', {"b": 1}),
        ("named", "null", None),
        ("whole", "deep", "deep"),
        ("flag", "True", "True"),
        ("number", "NaN", "NaN"),
        ("number", "-Infinity", "-Infinity"),
        ("many", "[" * 100_000, "[" * 100_000),
        ("whole", "9" * 5000, "9" * 5000),
        ("unknown", "5", "5"),
    ],
)
def test_what_a_person_typed_is_read_by_the_params_type(workflow: Workflow, name: str, typed: str, value: JsonValue) -> None:
    read = read_params(workflow, {name: typed})
    assert read == {name: value}
    assert type(read[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", ""),
        ("whole", 0),
        ("whole", -5),
        ("number", 1),
        ("number", 2.5),
        ("flag", True),
        ("many", []),
        ("named", {}),
        ("color", "green"),
    ],
)
def test_given_values_win(workflow: Workflow, name: str, value: JsonValue) -> None:
    bound = bind(workflow, {"text": "t", name: value})
    assert bound[name] == value
    assert type(bound[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "value", "takes"),
    [
        ("text", 5, "string"),
        ("text", None, "string"),
        ("whole", "5", "integer"),
        ("whole", 5.0, "integer"),
        ("whole", True, "integer"),
        ("number", False, "number"),
        ("number", "1.5", "number"),
        ("flag", 1, "boolean"),
        ("flag", "true", "boolean"),
        ("many", "a", "array"),
        ("many", {"a": 1}, "array"),
        ("named", ["a"], "object"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(workflow: Workflow, name: str, value: JsonValue, takes: str) -> None:
    with pytest.raises(InvalidInputError, match=f"the param '{name}' takes {takes}, not"):
        bind(workflow, {"text": "t", name: value})


def test_a_value_outside_the_choices_is_refused(workflow: Workflow) -> None:
    with pytest.raises(InvalidInputError, match="the param 'color' is one of red, green, not 'blue'"):
        bind(workflow, {"text": "t", "color": "blue"})


def test_a_param_without_default_must_be_given(workflow: Workflow) -> None:
    with pytest.raises(InvalidInputError, match=r"'sample' needs the param 'text' \(string\): --param text=…"):
        bind(workflow, {})


def test_an_unknown_param_is_refused_with_the_nearest(workflow: Workflow) -> None:
    with pytest.raises(InvalidInputError, match=r"'sample' has no param 'colour'\. Did you mean 'color'\?"):
        bind(workflow, {"text": "t", "colour": "red"})


@pytest.mark.parametrize("name", ["repository", "ref"])
def test_what_every_run_has_is_no_param(workflow: Workflow, name: str) -> None:
    with pytest.raises(InvalidInputError, match=f"an option of its own: --{name}"):
        bind(workflow, {"text": "t", name: "x"})


def test_a_false_choice_is_not_taken_for_zero() -> None:
    made = Workflow.model_validate(
        {
            "name": "x",
            "params": {"n": {"type": "integer", "enum": [0, 1], "default": 0}},
            "nodes": [{"id": "a", "agent": "x"}],
        }
    )
    with pytest.raises(InvalidInputError, match="takes integer, not False"):
        bind(made, {"n": False})


def test_a_workflow_is_found_by_name_and_by_file(tmp_path: Path) -> None:
    file = tmp_path / "nightly.yaml"
    file.touch()
    assert find("nightly", tmp_path) == file
    assert find(str(file), Path("/nowhere")) == file


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nightli", "there is no workflow 'nightli'. Did you mean 'nightly'?"),
        ("zzz", "there is no workflow 'zzz'. Known: nightly."),
        ("../folder/nightly", "there is no workflow '../folder/nightly'."),
        ("gone.yaml", "there is no file gone.yaml."),
        ("", "there is no workflow ''."),
        ("a\0b", "there is no workflow"),
    ],
)
def test_a_workflow_that_is_not_there_is_told(tmp_path: Path, name: str, reason: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "nightly.yaml").touch()
    with pytest.raises(InvalidInputError) as caught:
        find(name, folder)
    assert reason in str(caught.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"gone\.yaml: No such file"):
        load_file(tmp_path / "gone.yaml")
    with pytest.raises(InvalidInputError, match="Is a directory"):
        load_file(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"name: \xfc\n")
    with pytest.raises(InvalidInputError, match=r"not UTF-8 text \(byte 6\)"):
        load_file(tmp_path / "latin.yaml")


def test_problems_carry_the_files_own_path(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("", encoding="utf-8")
    with pytest.raises(DefinitionError) as caught:
        load_file(file)
    assert str(caught.value).startswith(f"{file}:1:1: DY001")


def test_without_manifests_the_shipped_agents_count() -> None:
    name = min(catalog())
    assert load(f"name: x\nnodes:\n  - {{id: a, agent: {name}}}\n", manifests=None).workflow.nodes[0].agent == name
    with pytest.raises(DefinitionError, match="there is no agent 'scanner'"):
        load((DATA / "good" / "smallest.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_shipped_workflow_is_sound(file: Path) -> None:
    assert load_file(file, Folder(file.parent)).workflow.name == file.stem


def test_some_workflow_is_shipped() -> None:
    assert "health-check" in {file.stem for file in SHIPPED}


@pytest.mark.parametrize(
    ("parameter", "name"),
    [
        ("health-check", "health-check"),
        ("name: weekly\nnodes: []\n", "weekly"),
        ('{"name": "one-line", "nodes": []}', "one-line"),
        ("/etc/secret.yaml", ""),
        ("name: [", ""),
    ],
)
def test_a_workflow_parameter_is_a_name_or_a_text(parameter: str, name: str) -> None:
    assert name_of(parameter) == name
    assert is_name(parameter) is (parameter == "health-check")
