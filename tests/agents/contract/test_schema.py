"""Findings: fingerprints that last, counts that add up, and data that refuses what it doesn't know."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.contract.schema import Finding, Patch, Report, Request, Severity, Summary, finish


def finding(**fields: object) -> Finding:
    known: dict[str, object] = {"rule": "a/b", "severity": Severity.ERROR, "message": "m", "file": "x.py"}
    return Finding.model_validate({**known, **fields})


def prints(*findings: Finding) -> list[str]:
    return [each.fingerprint for each in finish(findings)]


def test_a_fingerprint_survives_moving_and_indenting() -> None:
    before = prints(finding(line=3, column=1, snippet="eval(text)"))
    after = prints(finding(line=90, column=9, snippet="    eval(text)  "))
    assert before == after
    assert len(before[0]) == 32


@pytest.mark.parametrize(
    "change",
    [{"rule": "a/c"}, {"file": "y.py"}, {"file": None}, {"snippet": "eval(other)"}, {"snippet": None}],
)
def test_a_fingerprint_changes_with_rule_file_and_line(change: dict[str, object]) -> None:
    known: dict[str, object] = {"line": 3, "snippet": "eval(text)"}
    assert prints(finding(**known)) != prints(finding(**{**known, **change}))


def test_the_message_stands_in_for_a_missing_snippet() -> None:
    assert prints(finding(message="one")) != prints(finding(message="two"))
    assert prints(finding(message="one", snippet="s")) == prints(finding(message="two", snippet="s"))


def test_equal_lines_get_fingerprints_of_their_own() -> None:
    three = prints(*(finding(line=line, snippet="eval(x)") for line in (1, 5, 9)))
    assert len(set(three)) == 3
    assert prints(*(finding(line=line, snippet="eval(x)") for line in (11, 15))) == three[:2]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 5), st.sampled_from(["x", "y"])), max_size=12))
def test_order_of_arrival_does_not_matter(parts: list[tuple[str, int, str]]) -> None:
    findings = [finding(file=file, line=line, snippet=snippet) for file, line, snippet in parts]
    shuffled = random.Random(7).sample(findings, len(findings))
    assert finish(findings) == finish(shuffled)
    assert len({each.fingerprint for each in finish(findings)}) == len(set(findings))


def test_equal_findings_are_one_and_places_are_in_order() -> None:
    done = finish([finding(file="b", line=2), finding(file="b", line=1), finding(file=None), finding(file="b", line=2)])
    assert [(each.file, each.line) for each in done] == [(None, None), ("b", 1), ("b", 2)]


@given(st.lists(st.sampled_from(Severity)))
def test_a_summary_adds_up(severities: list[Severity]) -> None:
    summary = Summary.of(finding(severity=severity) for severity in severities)
    counted = (summary.critical, summary.error, summary.warning, summary.info)
    assert summary.total == sum(counted) == len(severities)
    assert counted == tuple(severities.count(severity) for severity in Severity)


def test_severities_rank_worst_first() -> None:
    worst_first = (Severity.CRITICAL, Severity.ERROR, Severity.WARNING, Severity.INFO)
    assert [severity.rank for severity in worst_first] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "wrong",
    [
        {"rule": "no-category"},
        {"rule": "a/b\n"},
        {"rule": "A/b"},
        {"line": 0},
        {"column": -1},
        {"cwe": "89"},
        {"severity": "high"},
        {"surprise": 1},
    ],
)
def test_a_finding_refuses_what_is_not_in_its_shape(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        finding(**wrong)


def test_data_at_the_seam_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        finding().message = "other"  # type: ignore[misc]


def test_requests_and_reports_refuse_unknown_fields() -> None:
    with pytest.raises(ValidationError):
        Request.model_validate({"agent": "a", "extra": 1})
    with pytest.raises(ValidationError):
        Report.model_validate({"findingz": []})


PATCH: dict[str, object] = {"diff": "diff --git …\r\n", "base_commit": "0" * 40, "files": ["a", "b"]}


def test_a_patch_survives_json_to_the_byte() -> None:
    patch = Patch.model_validate(PATCH)
    assert Patch.model_validate_json(patch.model_dump_json()) == patch


@pytest.mark.parametrize(
    "wrong",
    [{"files": ["b", "a"]}, {"files": ["a", "a"]}, {"files": []}, {"diff": ""}, {"base_commit": "HEAD"}, {"force": True}],
)
def test_a_patch_that_is_not_whole_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Patch.model_validate({**PATCH, **wrong})
