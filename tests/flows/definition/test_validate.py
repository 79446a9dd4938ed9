"""Every mistake is told before anything runs: what, where, and what was probably meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.definition import loader
from flows.definition.problems import DefinitionError
from flows.settings import ROOT
from tests.flows.definition.conftest import DATA, LIBRARY, MANIFESTS

BAD = sorted((DATA / "bad").glob("*.yaml"))
GOOD = sorted((DATA / "good").glob("*.yaml"))


def printed(file: Path) -> str:
    """What `dockyard lint` prints for `file`."""
    with pytest.raises(DefinitionError) as caught:
        loader.load(file.read_text(encoding="utf-8"), file.name, MANIFESTS, LIBRARY)
    return "".join(f"{problem}\n" for problem in caught.value.problems)


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_bad_file_gives_exactly_these_problems(file: Path) -> None:
    assert printed(file) == file.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_the_problem_it_is_named_after_is_among_them_and_has_a_place(file: Path) -> None:
    lines = printed(file).splitlines()
    assert all(re.fullmatch(r"[\w.-]+:\d+:\d+: DY\d{3} \S.*[.?]", line) for line in lines)
    assert any(f" {file.name[:5]} " in line for line in lines)
    source = file.read_text(encoding="utf-8").splitlines()
    for line in lines:
        row, column = map(int, line.split(":")[1:3])
        assert column <= len(([*source, ""])[row - 1]) + 1


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_a_good_file_has_none(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert loader.load(text, file.name, MANIFESTS, LIBRARY).text == text


def test_every_code_has_a_bad_file() -> None:
    sources = (ROOT / "flows" / "definition").glob("*.py")
    codes = {code for source in sources for code in re.findall(r'"(DY\d{3})"', source.read_text(encoding="utf-8"))}
    assert codes == {file.name[:5] for file in BAD}
    assert len(codes) >= 13


def test_no_snapshot_is_left_over() -> None:
    assert {file.stem for file in (DATA / "bad").glob("*.txt")} == {file.stem for file in BAD}


def test_problems_come_in_the_order_of_the_file() -> None:
    with pytest.raises(DefinitionError) as caught:
        loader.load((DATA / "bad" / "DY004-with-all-the-others.yaml").read_text(encoding="utf-8"), "f", MANIFESTS)
    places = [(problem.line, problem.column) for problem in caught.value.problems]
    assert places == sorted(places)
    assert len({problem.code for problem in caught.value.problems}) == 9
    assert str(caught.value) == "\n".join(str(problem) for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("90", 90.0), ("90s", 90.0), ("1.5h", 5400.0), ("10 m", 600.0), ("250ms", 0.25), ("7d", 604800.0), ("0.5", 0.5)],
)
def test_durations_are_seconds(text: str, wanted: float) -> None:
    made = loader.load(f"name: x\nnodes:\n  - {{id: a, agent: scanner, timeout: {text}}}\n", manifests=MANIFESTS)
    assert made.workflow.node("a").timeout == wanted
