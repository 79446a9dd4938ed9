"""The agent as a whole, on small repositories."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.code_reviewer.schema import CodeReview, CodeReviewParams, Scope
from agents.contract.schema import NoteKind, Result, Severity

Review = Callable[..., CodeReview]
Write = Callable[[dict[str, str | bytes]], Path]

BUG = "def check(a):\n    assert (a, 'message')\n"
COMPLEX = "def pick(a):\n" + "".join(f"    if a == {n}:\n        return {n}\n" for n in range(20))


def rules(report: CodeReview) -> list[str]:
    return [finding.rule for finding in report.findings]


def test_report(write: Write, review: Review) -> None:
    root = write({"pkg/a.py": BUG + "\n\n" + COMPLEX, "ui/a.js": "function f(a) { return a === NaN; }\n"})
    report = review(root, CodeReviewParams())
    assert rules(report) == ["bugs/python-assert-tuple", "complexity/high-complexity", "bugs/js-nan-comparison"]
    assert report.summary.model_dump() == {"critical": 0, "error": 2, "warning": 1, "info": 0, "total": 3}
    assert [(size.language, size.files, size.code_lines) for size in report.languages] == [
        ("Python", 1, 43),
        ("JavaScript", 1, 1),
    ]
    assert report.most_complex is not None
    assert report.most_complex.model_dump() == {"name": "pick", "file": "pkg/a.py", "line": 5, "complexity": 21}
    figures = report.complexity.model_dump(exclude={"histogram"})
    assert figures == {"functions": 3, "mean": 8.0, "median": 2.0, "p95": 21.0, "max": 21}
    assert {one.low: one.functions for one in report.complexity.histogram} == {1: 2, 6: 0, 11: 0, 16: 0, 21: 1, 31: 0, 51: 0}
    assert [one.high for one in report.complexity.histogram] == [5, 10, 15, 20, 30, 50, None]
    assert report.hotspots[0].model_dump() == {**report.most_complex.model_dump(), "changes": None}
    assert [one.complexity for one in report.hotspots] == sorted((one.complexity for one in report.hotspots), reverse=True)
    assert report.findings[0].snippet == "assert (a, 'message')"
    assert len({finding.fingerprint for finding in report.findings}) == 3
    assert report.files_scanned == 2


def test_hotspots_are_complex_and_change_often(write: Write, review: Review) -> None:
    branches = "def f(a):\n" + "".join(f"    if a == {n}:\n        return {n}\n" for n in range(4))
    root = write({"calm.py": COMPLEX, "busy.py": branches, "dead.py": COMPLEX, "plain.py": "x = 1\n"})
    found = review(root, CodeReviewParams(), {"calm.py": 1, "busy.py": 30, "plain.py": 99}).hotspots
    assert [(one.file, one.complexity, one.changes) for one in found] == [
        ("busy.py", 5, 30),  # 150
        ("calm.py", 21, 1),  # 21
        ("dead.py", 21, 0),
    ]


def test_an_empty_repository(write: Write, review: Review) -> None:
    report = review(write({"README": "nothing"}), CodeReviewParams())
    assert (report.findings, report.languages, report.most_complex, report.files_scanned) == ((), (), None, 0)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope.BUGS, {"bugs/python-assert-tuple"}),
        ((Scope.BUGS,), {"bugs/python-assert-tuple"}),
        ((Scope.COMPLEXITY,), {"complexity/high-complexity"}),
        ((Scope.SIZE,), {"size/long-function"}),
        ((Scope.SIZE, Scope.BUGS), {"size/long-function", "bugs/python-assert-tuple"}),
    ],
)
def test_scope(scope: Scope | tuple[Scope, ...], expected: set[str], write: Write, review: Review) -> None:
    root = write({"a.py": BUG + COMPLEX})
    assert set(rules(review(root, CodeReviewParams(scope=scope, max_function_lines=30)))) == expected


def test_test_code_is_told_more_mildly_or_not_at_all(write: Write, review: Review) -> None:
    source = BUG + "    return a or a\n"
    root = write({"a.py": source, "tests/test_a.py": source})
    report = review(root, CodeReviewParams())
    assert [(finding.file, finding.rule, finding.severity) for finding in report.findings] == [
        ("a.py", "bugs/python-assert-tuple", Severity.ERROR),
        ("a.py", "bugs/python-compare-with-itself", Severity.WARNING),
        ("tests/test_a.py", "bugs/python-assert-tuple", Severity.WARNING),
    ]
    without = review(root, CodeReviewParams(include_tests=False))
    assert {finding.file for finding in without.findings} == {"a.py"}
    assert without.files_scanned == 1


def test_console_lines_of_examples_are_no_news(write: Write, review: Review) -> None:
    root = write({"examples/a.js": "console.log(1);\n", "lib/a.js": "console.log(1);\n"})
    assert [finding.file for finding in review(root, CodeReviewParams()).findings] == ["lib/a.js"]


def test_exclude_holds_for_every_engine(write: Write, review: Review) -> None:
    odd = "gen/[a] *!{b}.py"
    root = write({"a.py": BUG, odd: BUG + COMPLEX, "gen/keep.py": BUG})
    report = review(root, CodeReviewParams(exclude=("gen/*", "!gen/keep.py")))
    assert [finding.file for finding in report.findings] == ["a.py", "gen/keep.py"]


def test_other_peoples_code_is_left_out_unless_asked_for(write: Write, review: Review) -> None:
    root = write({"vendor/a.py": BUG, "dist/a.min.js": "x === NaN;\n"})
    report = review(root, CodeReviewParams())
    assert report.findings == ()
    assert [note.kind for note in report.notes] == [NoteKind.VENDORED, NoteKind.VENDORED]
    assert rules(review(root, CodeReviewParams(include_vendored=True))) == ["bugs/python-assert-tuple"]


def test_hostile_files_become_notes(write: Write, review: Review) -> None:
    root = write(
        {
            "good.py": BUG,
            "latin.py": "# caf\xe9\nx = 1\n".encode("latin-1"),
            "binary.py": b"\x00\x01\x02" * 100,
            "broken.py": "def f(:\n    if x\n",
            "broken.js": "function ( { [ } => ;;; ???",
            "null.py": "x = 1\n" * 1400 + "\0",
            "deep.py": "x = " + "(" * 3000 + ")" * 3000 + "\n",
            "deep.js": "x = " + "[" * 20000 + "]" * 20000 + ";\n",
            "huge.js": "// x\n" * 1_000_000,
            "empty.py": "",
            "bom.py": "\ufeffx = 1\n",
            "crlf.py": "x = 1\r\n\r\n# a\r\ny = 2\r\n",
            ".semgrepignore": "good.py\n",
        }
    )
    (root / "link.py").symlink_to("/etc/passwd")
    os.mkfifo(root / "pipe.py")
    report = review(root, CodeReviewParams())
    assert rules(report) == ["bugs/python-assert-tuple"]
    noted = {note.file for note in report.notes}
    assert noted >= {"latin.py", "binary.py", "broken.py", "huge.js", "link.py", "pipe.py"}
    (python,) = (size for size in report.languages if size.language == "Python")
    assert python.files >= 5


def test_the_repository_cannot_silence_a_finding(write: Write, review: Review) -> None:
    root = write({"a.py": "def check(a):\n    assert (a, 'm')  # nosemgrep # noqa\n", ".semgrepignore": "*\n"})
    assert rules(review(root, CodeReviewParams())) == ["bugs/python-assert-tuple"]


def test_over_the_wire(write: Write) -> None:
    root = write({"a.py": BUG})
    request = {"agent": "code-reviewer", "workspace": str(root), "params": {"scope": ["bugs"], "exclude": []}}
    done = subprocess.run(
        [sys.executable, "-m", "agents.code_reviewer"],
        input=json.dumps(request) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    result = Result.model_validate_json(done.stdout)
    assert result.failure is None
    report = CodeReview.model_validate_json(json.dumps(result.report))
    assert rules(report) == ["bugs/python-assert-tuple"]
