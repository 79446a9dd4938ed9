"""What lint found as text, JSON and SARIF, every bad file of the suite included."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from flows.definition import loader
from flows.definition.problems import DefinitionError, Problem
from flows.reports.lint_formats import Linted, LintFormat, render
from flows.reports.problem_rules import RULES
from flows.settings import ROOT
from tests.flows.definition.conftest import DATA, MANIFESTS

BAD = sorted((DATA / "bad").glob("*.yaml"))
GONE = Problem(code="DY001", message="No such file or directory.", file="gone.yaml")


def problems_of(file: Path) -> tuple[Problem, ...]:
    with pytest.raises(DefinitionError) as caught:
        loader.load(file.read_text(encoding="utf-8"), f"bad/{file.name}", MANIFESTS)
    return caught.value.problems


@pytest.fixture(scope="module")
def everything() -> Linted:
    """Every problem of every bad file, and a file that is not there."""
    return Linted(files=len(BAD), problems=tuple(one for file in BAD for one in problems_of(file)), unread=(GONE,))


def log_of(linted: Linted) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(render(linted, LintFormat.SARIF, version="1.2.3"))
    return loaded


def test_the_log_is_valid_sarif(validator: Draft4Validator, everything: Linted) -> None:
    assert list(validator.iter_errors(log_of(everything))) == []
    assert list(validator.iter_errors(log_of(Linted(files=1)))) == []


def test_every_problem_is_a_result_at_its_place_with_a_described_rule(everything: Linted) -> None:
    (run,) = log_of(everything)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) == len(everything.problems) + 1
    for result, problem in zip(run["results"][1:], everything.problems, strict=True):
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"] == {"uri": problem.file, "uriBaseId": "SRCROOT"}
        assert place["region"] == {"startLine": problem.line, "startColumn": problem.column}
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"] == problem.code
        assert rule["shortDescription"]["text"] == RULES[problem.code].title
        text = result["message"]["text"].replace("{{", "{").replace("}}", "}").replace("\\](", "](")
        assert text == (f"{problem.message} {problem.suggestion}" if problem.suggestion else problem.message)
    prints = [result["partialFingerprints"]["dockyard/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_a_file_that_cannot_be_read_makes_the_log_unsuccessful(everything: Linted) -> None:
    (invocation,) = log_of(everything)["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "gone.yaml: No such file" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    assert log_of(Linted(files=1))["runs"][0]["invocations"] == [{"executionSuccessful": True}]


def test_the_fingerprint_stays_when_the_file_grows_above() -> None:
    one = Problem(code="DY003", message="the id 'a' stands twice.", file="x.yaml", line=3, column=9)
    before = log_of(Linted(files=1, problems=(one,)))["runs"][0]["results"][0]
    after = log_of(Linted(files=1, problems=(one.model_copy(update={"line": 30}),)))["runs"][0]["results"][0]
    assert before["partialFingerprints"] == after["partialFingerprints"]


def test_whole_paths_become_relative_below_the_current_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    inside = GONE.model_copy(update={"file": str(tmp_path / "a b" / "x.yaml")})
    outside = GONE.model_copy(update={"file": "/else where/x.yaml"})
    results = log_of(Linted(files=2, problems=(inside, outside)))["runs"][0]["results"]
    places = [result["locations"][0]["physicalLocation"]["artifactLocation"] for result in results]
    assert places == [{"uri": "a%20b/x.yaml", "uriBaseId": "SRCROOT"}, {"uri": "file:///else%20where/x.yaml"}]


text_or_nasty = st.text(max_size=20) | st.sampled_from(["{0}", "[a](javascript:x)", "../..", "/etc", "a b%20#?", "\x1b[31m"])


@settings(max_examples=40, deadline=None)
@given(text_or_nasty, text_or_nasty.filter(lambda name: "\0" not in name))
def test_is_valid_and_inert_whatever_the_text(validator: Draft4Validator, text: str, file: str) -> None:
    linted = Linted(files=1, problems=(Problem(code="DY002", message=text, file=file or "x", suggestion=text),))
    for format_ in LintFormat:
        rendered = render(linted, format_, version="1")
        assert {character for character in rendered if unicodedata.category(character) == "Cc"} <= {"\n"}
    assert list(validator.iter_errors(log_of(linted))) == []


def test_json_is_the_list_of_problems(everything: Linted) -> None:
    listed = json.loads(render(everything, LintFormat.JSON, version="1"))
    assert {tuple(entry) for entry in listed} == {("code", "message", "file", "line", "column", "suggestion")}
    assert [Problem.model_validate(entry) for entry in listed] == [GONE, *everything.problems]
    assert json.loads(render(Linted(files=1), LintFormat.JSON, version="1")) == []


def test_text_is_a_line_per_problem(everything: Linted) -> None:
    assert render(everything, LintFormat.TEXT, version="1").splitlines() == [str(one) for one in everything.problems]


def test_every_code_of_the_checks_is_described() -> None:
    sources = (ROOT / "flows" / "definition").glob("*.py")
    codes = {code for source in sources for code in re.findall(r'"(DY\d{3})"', source.read_text(encoding="utf-8"))}
    assert codes <= RULES.keys()
    assert list(RULES) == sorted(RULES)
    assert all(rule.remedy.endswith(".") and not rule.title.endswith(".") for rule in RULES.values())
