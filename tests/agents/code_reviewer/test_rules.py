"""The rules' contract: one file, one rule, one test, one line of the reference each."""

from __future__ import annotations

from pathlib import Path

from agents.code_reviewer import rules
from agents.code_reviewer.rules import PATTERNS, RULES
from agents.code_reviewer.rules.leniency import SILENT_IN_DEMONSTRATIONS, SILENT_IN_TESTS
from agents.code_reviewer.rules.python import PYTHON_RULES

FOLDER = Path(rules.__file__).parent
REFERENCE = Path(__file__).parents[3] / "docs/reference/agents/code-reviewer.md"
PATTERN_IDS = {
    f"{line.split(': ')[1]}/{path.stem}"
    for path in PATTERNS.rglob("*.yaml")
    for line in path.read_text().splitlines()
    if line.strip().startswith("category: ")
} | {rule.id for rule in PYTHON_RULES}


def test_every_rule_module_is_registered() -> None:
    modules = {path.stem for path in FOLDER.glob("*.py")} - {"__init__", "interface", "leniency"}
    assert modules == {type(rule).__module__.rpartition(".")[2] for rule in RULES}


def test_every_module_of_python_is_registered_and_named_after_its_rule() -> None:
    modules = {path.stem for path in (FOLDER / "python").glob("*.py")} - {"__init__", "interface", "ignored"}
    assert modules == {type(rule).__module__.rpartition(".")[2] for rule in PYTHON_RULES}
    assert modules == {rule.id.partition("/python-")[2].replace("-", "_") for rule in PYTHON_RULES}


def test_every_rule_module_has_its_test() -> None:
    for rule in RULES:
        assert (Path(__file__).parent / f"test_{type(rule).__module__.rpartition('.')[2]}.py").is_file()


def test_rule_ids_are_unique() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert len(PATTERN_IDS) == len(list(PATTERNS.rglob("*.yaml"))) + len(PYTHON_RULES)


def test_the_reference_lists_every_rule() -> None:
    text = REFERENCE.read_text()
    assert [rule for rule in sorted(PATTERN_IDS | {rule.id for rule in RULES}) if f"`{rule}`" not in text] == []


def test_lenient_rules_exist() -> None:
    assert PATTERN_IDS >= SILENT_IN_TESTS | SILENT_IN_DEMONSTRATIONS
