"""Every code rule finds its bad samples and stays silent on its good ones; no rule is without either."""

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
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Rule id → samples (`<rule id>/<name>`) it matched, from one start of the engine over a copy of all samples."""
    folder = tmp_path_factory.mktemp("samples")
    for sample in SAMPLES.glob("*/*.txt"):
        # The suffix keeps the samples out of linters and of scans of this repository; the engine goes by the real one.
        place = folder / "tree" / sample.relative_to(SAMPLES).with_suffix("")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sample, place)
    book = folder / "rules.yaml"
    book.write_text(rulebook.compose(RULES), encoding="utf-8")
    workspace = Workspace(folder / "tree")
    matched: defaultdict[str, set[str]] = defaultdict(set)
    for finding in semgrep.scan(workspace, [book]):
        assert finding.file is not None
        matched[finding.rule.partition("/")[2]].add(finding.file)
    assert workspace.notes == ()
    return dict(matched)


def samples(rule: str, kind: str) -> list[str]:
    return sorted(path.relative_to(SAMPLES).with_suffix("").as_posix() for path in (SAMPLES / rule).glob(f"{kind}.*.txt"))


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_a_rule_has_both_kinds_of_samples(rule: str) -> None:
    assert samples(rule, "bad"), f"{rule} has no sample it must find"
    assert samples(rule, "good"), f"{rule} has no sample it must leave alone"


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_a_rule_finds_its_bad_samples(rule: str, found: dict[str, set[str]]) -> None:
    assert not [file for file in samples(rule, "bad") if file not in found.get(rule, set())]


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_a_rule_is_silent_on_its_good_samples(rule: str, found: dict[str, set[str]]) -> None:
    assert not [file for file in samples(rule, "good") if file in found.get(rule, set())]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_its_row_in_the_reference(rule: rulebook.Rule) -> None:
    assert f"| `{rule.category}/{rule.id}` |" in PAGE.read_text(encoding="utf-8")


def test_every_sample_belongs_to_a_rule() -> None:
    assert {path.name for path in SAMPLES.iterdir()} <= {rule.id for rule in RULES}
