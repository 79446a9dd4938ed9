"""Workflows that run workflows: found by name, loaded once, no circles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from flows.definition.library import MAX_NESTING, Folder
from flows.definition.loader import Definition, load
from flows.definition.problems import DefinitionError
from flows.service.lint import lint_files
from flows.settings import Settings
from tests.flows.definition.conftest import DATA, LIBRARY, MANIFESTS


def runs(name: str, *subs: str) -> str:
    """A workflow that runs others."""
    nodes = [f"  - {{id: n{index}, workflow: {sub}}}" for index, sub in enumerate(subs)] or ["  - {id: a, agent: scanner}"]
    return "\n".join([f"name: {name}", "nodes:", *nodes])


class Counted(Mapping[str, str]):
    """A library that counts how often each text is asked for."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts, self.asked = texts, dict.fromkeys(texts, 0)

    def __getitem__(self, name: str) -> str:
        self.asked[name] = self.asked.get(name, 0) + 1
        return self.texts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def __len__(self) -> int:
        return len(self.texts)


def loaded(name: str, texts: dict[str, str]) -> Definition:
    return load(texts[name], f"{name}.yaml", MANIFESTS, texts)


def test_subs_are_definitions_of_their_own() -> None:
    made = load(LIBRARY["outer"], "outer.yaml", MANIFESTS, LIBRARY)
    assert list(made.subs) == ["inner"]
    assert made.subs["inner"].text == LIBRARY["inner"]
    assert made.subs["inner"].workflow.name == "inner"
    assert made.subs["inner"].subs == {}


def test_texts_are_enough_to_load_it_again() -> None:
    texts = {"top": runs("top", "middle", "leaf"), "middle": runs("middle", "leaf"), "leaf": runs("leaf")}
    made = loaded("top", texts)
    assert made.texts() == {"middle": texts["middle"], "leaf": texts["leaf"]}
    again = load(made.text, "top.yaml", MANIFESTS, made.texts())
    assert again == made


def test_each_is_loaded_once_however_often_it_is_named() -> None:
    texts = {f"w{depth}": runs(f"w{depth}", *[f"w{depth + 1}"] * 2) for depth in range(MAX_NESTING)}
    library = Counted({**texts, f"w{MAX_NESTING}": runs("leaf")})
    load(library.texts["w0"], "w0.yaml", MANIFESTS, library)
    assert set(library.asked.values()) <= {0, 1}


def refusal(name: str, texts: dict[str, str]) -> str:
    """The one problem of a workflow."""
    with pytest.raises(DefinitionError) as caught:
        loaded(name, texts)
    (problem,) = caught.value.problems
    assert problem.code == "DY018"
    return problem.message


def test_depth_is_bounded() -> None:
    texts = {f"w{depth}": runs(f"w{depth}", f"w{depth + 1}") for depth in range(MAX_NESTING + 1)}
    texts[f"w{MAX_NESTING + 1}"] = runs("leaf")
    assert loaded("w1", texts)
    assert f"nested deeper than {MAX_NESTING} levels: w0 → w1" in refusal("w0", texts)


def test_a_circle_is_told_from_wherever_it_is_entered() -> None:
    texts = {"a": runs("a", "b"), "b": runs("b", "c"), "c": runs("c", "b")}
    assert "b → c → b" in refusal("a", texts)
    assert "b → c → b" in refusal("b", texts)
    assert "c → b → c" in refusal("c", texts)


def test_a_name_leads_nowhere_but_into_the_folder(tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text(runs("outside"))
    (tmp_path / "folder").mkdir()
    folder = Folder(tmp_path / "folder")
    for name in ("../outside", str(tmp_path / "outside"), "a\0b", "", "."):
        with pytest.raises(KeyError):
            folder[name]
    assert list(Folder(tmp_path)) == ["outside"]
    assert len(Folder(tmp_path)) == 1


def test_a_file_that_cannot_be_read_is_a_problem_of_the_node(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"name: \xfc\n")
    with pytest.raises(DefinitionError, match=r"1:.*DY018 the workflow 'latin' cannot be read: .*not UTF-8 text"):
        load("{name: x, nodes: [{id: a, workflow: latin}]}", manifests=MANIFESTS, library=Folder(tmp_path))


def test_without_a_library_there_are_none() -> None:
    with pytest.raises(DefinitionError, match=r"there is no workflow 'inner'\. None are defined"):
        load(runs("x", "inner"), manifests=MANIFESTS)


def test_lint_takes_them_from_the_workflows_folder(tmp_path: Path) -> None:
    (tmp_path / "leaf.yaml").write_text("name: leaf\nnodes: [{id: a, agent: code-reviewer}]\n")
    top = tmp_path / "elsewhere.yaml"
    top.write_text("name: top\nnodes: [{id: a, workflow: leaf}]\n")
    assert lint_files([str(top)], Settings(workflows_dir=tmp_path)).problems == ()
    (problem,) = lint_files([str(top)], Settings(workflows_dir=DATA)).problems
    assert problem.code == "DY018"


def test_what_its_nodes_answer_is_known() -> None:
    report = load(LIBRARY["inner"], "inner.yaml", MANIFESTS, LIBRARY).report
    nodes = report.fields["nodes"]
    assert set(report.fields) == {"summary", "findings", "notes", "nodes"}
    assert set(nodes.fields) == {"scan", "maybe", "each", "rescued", "rescue", "after", "goodbye"}
    assert nodes.optional == {"maybe", "rescued", "rescue", "after"}
    assert nodes.fields["each"].kinds == {"array"}
    assert nodes.fields["scan"].at("count") == nodes.fields["maybe"].at("count")
