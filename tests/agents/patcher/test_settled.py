"""A finding counts as fixed where the patch changes the very entry that it is about, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agents.patcher.conftest import Call, Fail

FILES = {
    "requirements.txt": "flask==2.0\nflask-login==1.0\nlong-name \\\n  ==1.0\n",
    "package.json": '{"dependencies": {"flask": "^2.0.0", "other": "^1.0.0"}}',
    "uv.lock": "flask\n",
}


def finding(message: str = "flask has a known hole.", **more: Any) -> dict[str, Any]:
    place = {"file": "requirements.txt", "line": 1}
    return {"rule": "dependencies/known-hole", "severity": "error", "message": message, **place, **more}


def fixed(patcher: Call, *findings: dict[str, Any], name: str = "flask", version: str = "3.1.0") -> list[str]:
    updates = [{"name": name, "version": version}]
    report = patcher(FILES, operation="dependency-update", updates=updates, findings=list(findings))
    return [found.message for found in report.fixes]


@pytest.mark.parametrize(
    "about",
    [
        finding(),
        finding("Update Flask, it is old"),
        finding(file="package.json"),
        finding(line=1, end_line=9),
    ],
)
def test_a_finding_about_the_changed_entry_is_fixed(patcher: Call, about: dict[str, Any]) -> None:
    assert fixed(patcher, about) == [about["message"]]


@pytest.mark.parametrize(
    "other",
    [
        finding(line=2),
        finding(file="uv.lock"),
        finding(file="app.py"),
        finding(file=None, line=None),
        finding(line=None),
        finding("other has a known hole", file="package.json"),
        finding("flask-login is old"),
        finding("@types/flask is old"),
        finding("see flask.palletsprojects.example"),
    ],
)
def test_what_is_about_something_else_or_uncertain_is_not(patcher: Call, other: dict[str, Any]) -> None:
    assert fixed(patcher, other) == []


def test_a_requirement_over_several_lines_is_one_entry(patcher: Call) -> None:
    about = finding("long_name is old", line=4)
    assert fixed(patcher, about, name="long-name", version="2.0") == ["long_name is old"]


def test_what_is_not_changed_fixes_nothing(patcher: Call) -> None:
    assert fixed(patcher, finding(), version="2.0") == []


def test_findings_belong_to_updates_of_dependencies(failure: Fail) -> None:
    changes = [{"file": "a", "content": "x"}]
    assert "findings" in failure(FILES, operation="config-update", changes=changes, findings=[finding()]).message
