"""Every code rule finds the marked lines of its bad samples, nothing else, and nothing in its good ones."""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from agents.contract.workspace import Workspace
from agents.engines import semgrep
from agents.security_scanner import rulebook

SAMPLES = Path(__file__).parent / "samples"
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "agents" / "security-scanner.md"
RULES = rulebook.rules()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[tuple[str, int]]]:
    """Rule id → samples (`<rule id>/<name>`) and lines it matched, from one start of the engine over a copy of all."""
    folder = tmp_path_factory.mktemp("samples")
    for sample in SAMPLES.glob("*/*.txt"):
        # The suffix keeps the samples out of linters and of scans of this repository; the engine goes by the real one.
        place = folder / "tree" / sample.relative_to(SAMPLES).with_suffix("")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sample, place)
    book = folder / "rules.yaml"
    book.write_text(rulebook.compose(RULES), encoding="utf-8")
    workspace = Workspace(folder / "tree")
    matched: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
    for finding in semgrep.scan(workspace, [book]):
        assert finding.file is not None
        assert finding.line is not None
        matched[finding.rule.partition("/")[2]].add((finding.file, finding.line))
    assert workspace.notes == ()
    return dict(matched)


def samples(rule: str, kind: str) -> list[str]:
    return sorted(path.relative_to(SAMPLES).with_suffix("").as_posix() for path in (SAMPLES / rule).glob(f"{kind}.*.txt"))


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_a_rule_has_both_kinds_of_samples(rule: str) -> None:
    assert samples(rule, "bad"), f"{rule} has no sample it must find"
    assert samples(rule, "good"), f"{rule} has no sample it must leave alone"


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_a_rule_finds_the_marked_lines_of_its_bad_samples(rule: str, found: dict[str, set[tuple[str, int]]]) -> None:
    for sample in samples(rule, "bad"):
        text = (SAMPLES / f"{sample}.txt").read_text(encoding="utf-8").splitlines()
        marked = {number for number, line in enumerate(text, start=1) if "expect" in line}
        assert marked, f"{sample} marks no line"
        assert {line for file, line in found.get(rule, set()) if file == sample} == marked


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_a_rule_is_silent_on_its_good_samples(rule: str, found: dict[str, set[tuple[str, int]]]) -> None:
    assert not [(file, line) for file, line in found.get(rule, set()) if file in samples(rule, "good")]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_its_row_in_the_reference(rule: rulebook.Rule) -> None:
    assert f"| `{rule.category}/{rule.id}` |" in PAGE.read_text(encoding="utf-8")


def test_every_sample_belongs_to_a_rule() -> None:
    assert {path.name for path in SAMPLES.iterdir()} <= {rule.id for rule in RULES}


BROKEN = "\n) = ] 3x ((\n"
INNOCENT = {
    "a.py": f"def total(values):{BROKEN}",
    "a.js": f"function total(values) {{{BROKEN}",
    "a.ts": f"function total(values: number) {{{BROKEN}",
    "a.java": f"class A {{ int total(int value) {{{BROKEN}",
    "a.cs": f"class A {{ int Total(int value) {{{BROKEN}",
    "a.go": f"package a\nfunc total(value int) {{{BROKEN}",
    "a.php": f"<?php\nfunction total($value) {{{BROKEN}",
    "a.rb": f"def total(value){BROKEN}",
}
"""Files that no rule can match, broken so that parsing them would leave a note."""


def test_no_rule_has_files_parsed_that_it_cannot_match(tmp_path: Path) -> None:
    # One rule without a word to look for makes the engine parse a whole repository: most of the time of a scan.
    for name, text in INNOCENT.items():
        place = tmp_path / "tree" / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)
    workspace = Workspace(tmp_path / "tree")
    book = tmp_path / "rules.yaml"
    book.write_text(rulebook.compose(RULES), encoding="utf-8")
    assert semgrep.scan(workspace, [book]) == []
    assert workspace.notes == (), "`semgrep --time` tells which rule reads such a file"


def test_each_innocent_file_would_be_noted_if_it_were_parsed(tmp_path: Path) -> None:
    for name, text in INNOCENT.items():
        (tmp_path / name).write_text(text)
    languages = "[python, javascript, typescript, java, csharp, go, php, ruby]"
    book = tmp_path / "rules.yaml"
    book.write_text(f"rules:\n- {{id: anything, languages: {languages}, severity: INFO, message: any, pattern: $F(...)}}\n")
    workspace = Workspace(tmp_path)
    semgrep.scan(workspace, [book])
    assert {note.file for note in workspace.notes} == set(INNOCENT)
