"""Every bug pattern against its samples: each line marked HIT is found, and nothing else is.

`samples/<rule>/finds.<ext>.sample` holds what the rule must find, `silent.<ext>.sample` what it must
leave alone. Where a comment on the line would change the answer, the first line lists the HITS.
The suffix keeps deliberate bugs away from this project's own linters.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agents.code_reviewer.metrics.measure import Choices
from agents.code_reviewer.metrics.pool import measure_batch
from agents.code_reviewer.rules import PATTERNS
from agents.code_reviewer.rules.python import PYTHON_RULES
from agents.contract.schema import Finding
from agents.contract.workspace import Workspace
from agents.engines import semgrep

SAMPLES = Path(__file__).parent / "samples"
RULES = sorted([path.stem for path in PATTERNS.rglob("*.yaml")] + [rule.id.partition("/")[2] for rule in PYTHON_RULES])


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    root = tmp_path_factory.mktemp("samples")
    for sample in SAMPLES.rglob("*.sample"):
        target = root / sample.parent.name / sample.stem
        target.parent.mkdir(exist_ok=True)
        shutil.copy(sample, target)
    workspace = Workspace(root)
    found = semgrep.scan(workspace, [PATTERNS])
    measured, notes = measure_batch(root, list(workspace.files(lambda file: file.endswith(".py"))), Choices())
    assert not workspace.notes
    assert not notes
    return found + [finding for figures in measured for finding in figures.bugs]


def lines_of(findings: list[Finding], rule: str, file: str) -> list[int]:
    own = {f.line for f in findings if f.rule.partition("/")[2] == rule and (f.file or "").startswith(file)}
    return sorted(line for line in own if line is not None)


@pytest.mark.parametrize("rule", RULES)
def test_finds(rule: str, findings: list[Finding]) -> None:
    (sample,) = (SAMPLES / rule).glob("finds.*.sample")
    text = sample.read_text().splitlines()
    marked = [number for number, line in enumerate(text, start=1) if line.endswith("HIT")]
    if text[0].startswith("# HITS "):
        marked += map(int, text[0].split()[2:])
    assert marked, "a sample without a marked line proves nothing"
    assert lines_of(findings, rule, f"{rule}/finds.") == marked


@pytest.mark.parametrize("rule", RULES)
def test_stays_silent(rule: str, findings: list[Finding]) -> None:
    (sample,) = (SAMPLES / rule).glob("silent.*.sample")
    assert sample.read_text().strip()
    assert lines_of(findings, rule, f"{rule}/silent.") == []


def test_every_sample_belongs_to_a_rule() -> None:
    assert sorted(folder.name for folder in SAMPLES.iterdir()) == RULES


@pytest.mark.parametrize("path", sorted(PATTERNS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_a_rule_says_what_a_reader_needs(path: Path) -> None:
    text = path.read_text()
    assert f"id: {path.stem}\n" in text, "the file is named after its rule"
    for field in ("severity:", "message:", "category:", "confidence:", "remediation:"):
        assert f"{field} " in text
