"""SARIF 2.1.0 by the official schema, with the references and properties code hosts look at."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from agents.contract.schema import Confidence, Finding, Note, NoteKind, Severity
from flows.reports import sarif
from flows.reports.schema import RunReport
from tests.rendered import findings_of, rendering


def log_of(report: RunReport) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(rendering(sarif.render, report))
    return loaded


def test_is_valid(validator: Draft4Validator, small: RunReport) -> None:
    assert list(validator.iter_errors(log_of(small))) == []


def test_the_validator_can_say_no(validator: Draft4Validator, small: RunReport) -> None:
    log = log_of(small)
    log["runs"][0]["results"][0]["level"] = "critical"
    assert list(validator.iter_errors(log))


text_or_nasty = st.text(max_size=20) | st.sampled_from(["{0}", "[a](javascript:x)", "../..", "/etc", "a b%20#?.py"])


@settings(max_examples=40, deadline=None)
@given(text_or_nasty, text_or_nasty)
def test_is_valid_whatever_the_text(
    validator: Draft4Validator, make_run: Callable[..., RunReport], one: str, two: str
) -> None:
    finding = Finding(
        rule="a/b",
        severity=Severity.ERROR,
        message=one,
        file=two,
        snippet=one,
        remediation=two,
        line=9,
        end_line=3,
    )
    notes = [Note(kind=NoteKind.BINARY, file=one, detail=two)]
    report = make_run([finding], notes=notes, reason=one, name=one, workflow=two, commit=one, ref=two, run=one)
    log = log_of(report)
    assert list(validator.iter_errors(log)) == []
    result = log["runs"][0]["results"][0]
    assert not re.search(r"(?<!\\)\]\(", result["message"]["text"])
    assert not re.search(r"[{}]", result["message"]["text"].replace("{{", "").replace("}}", ""))
    for location in result.get("locations", []):
        reference = location["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", reference)
        assert not reference.startswith("/")
        assert ".." not in reference.split("/")
        assert "endLine" not in location["physicalLocation"]["region"]


def test_a_result_carries_place_fingerprint_and_rule(small: RunReport) -> None:
    run = log_of(small)["runs"][0]
    result = run["results"][0]
    assert result["ruleId"] == "injection/sql"
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "injection/sql"
    assert result["level"] == "error"
    assert result["message"]["text"] == "The query is built from the request's text."
    (finding,) = (each for _, each in findings_of(small) if each.line == 12)
    assert finding.fingerprint
    assert result["partialFingerprints"] == {"dockyard/v1": finding.fingerprint}
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "src/db%20access.py", "uriBaseId": "SRCROOT"},
                "region": {
                    "startLine": 12,
                    "startColumn": 5,
                    "endLine": 13,
                    "snippet": {"text": 'cursor.execute("SELECT * FROM t WHERE id=" + request.args["id"])'},
                },
            }
        }
    ]
    assert [result["level"] for result in run["results"]] == ["error", "error", "warning", "note"]
    assert all(run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def test_rules_with_a_weakness_are_security_rules(small: RunReport) -> None:
    rules = {rule["id"]: rule for rule in log_of(small)["runs"][0]["tool"]["driver"]["rules"]}
    assert rules["injection/sql"]["properties"] == {
        "precision": "low",
        "security-severity": "9.5",
        "tags": ["security", "injection", "external/cwe/cwe-89"],
    }
    assert rules["injection/sql"]["help"]["text"] == "Pass the value as a parameter of the query."
    assert rules["injection/sql"]["shortDescription"]["text"] == "Sql"
    assert rules["quality/complexity"]["properties"] == {"precision": "high", "tags": ["quality"]}
    assert rules["licence/missing"]["help"]["text"]


def test_a_rule_takes_the_worst_of_its_findings(make_run: Callable[..., RunReport]) -> None:
    findings = [
        Finding(rule="a/b", severity=severity, message=severity, cwe="CWE-1", confidence=Confidence.MEDIUM)
        for severity in (Severity.INFO, Severity.ERROR)
    ]
    (rule,) = log_of(make_run(findings))["runs"][0]["tool"]["driver"]["rules"]
    assert rule["defaultConfiguration"]["level"] == "error"
    assert rule["properties"]["security-severity"] == "8.0"
    assert rule["properties"]["precision"] == "medium"


def test_one_run_per_node_that_started(small: RunReport) -> None:
    log = log_of(small)
    assert [run["tool"]["driver"]["name"] for run in log["runs"]] == [
        "dockyard security-scanner",
        "dockyard code-reviewer",
    ]
    assert log["properties"]["skipped"] == [{"node": "tell", "reason": "review gave no report"}]
    categories = [run["automationDetails"]["id"] for run in log["runs"]]
    assert categories == ["health-check/scan/run-1234", "health-check/review/run-1234"]


def test_a_failed_node_is_an_unsuccessful_invocation(small: RunReport) -> None:
    scan, review = log_of(small)["runs"]
    assert scan["invocations"][0]["executionSuccessful"] is True
    (invocation,) = review["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"] == [
        {
            "level": "error",
            "descriptor": {"id": "node/timed-out"},
            "message": {"text": "not finished after 900 s"},
        }
    ]
    assert review["results"] == []  # code hosts refuse a log in which a run has none


def test_notes_are_notifications(small: RunReport) -> None:
    notifications = log_of(small)["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert [(each["descriptor"]["id"], each["level"]) for each in notifications] == [
        ("note/binary", "note"),
        ("note/unparsable", "warning"),
        ("note/engine", "warning"),
    ]
    assert notifications[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "img/logo%20one.png"
    assert notifications[1]["message"]["text"] == "src/new.py: line 3"
    assert "locations" not in notifications[2]


def test_provenance_names_a_url_without_credentials(small: RunReport) -> None:
    (origin,) = log_of(small)["runs"][0]["versionControlProvenance"]
    assert origin["repositoryUri"] == "https://code.example.org/org/repo.git"
    assert origin["revisionId"] == small.commit
    assert origin["mappedTo"] == {"uriBaseId": "SRCROOT"}


@pytest.mark.parametrize("repository", ["/home/me/repo", ".", "git@code.example.org:org/repo.git", "C:\\repo"])
def test_a_path_is_no_provenance(repository: str, small: RunReport) -> None:
    log = log_of(small.model_copy(update={"repository": repository}))
    assert "versionControlProvenance" not in log["runs"][0]


@pytest.mark.parametrize(
    ("file", "reference"),
    [
        ("src/a.py", "src/a.py"),
        ("a:b.py", "a%3Ab.py"),
        ("./x//y.py", "x/y.py"),
        ("日本/100%.js", "%E6%97%A5%E6%9C%AC/100%25.js"),
        ("a?b#c\\d", "a%3Fb%23c%5Cd"),
        ("../secret", None),
        ("a/../../b", None),
        ("/etc/passwd", None),
        (".", None),
    ],
)
def test_references_are_relative_and_encoded(file: str, reference: str | None) -> None:
    assert sarif.uri(file) == reference


def test_a_file_outside_the_root_is_told_without_a_location(make_run: Callable[..., RunReport]) -> None:
    finding = Finding(rule="a/b", severity=Severity.INFO, message="m", file="../x", line=1)
    (result,) = log_of(make_run([finding]))["runs"][0]["results"]
    assert "locations" not in result
    assert result["properties"]["file"] == "../x"


def test_a_hundred_thousand_findings(large: RunReport) -> None:
    began = time.process_time()
    rendered = rendering(sarif.render, large)
    assert time.process_time() - began < 10
    results = json.loads(rendered)["runs"][0]["results"]
    assert len({result["partialFingerprints"]["dockyard/v1"] for result in results}) == 100_000
